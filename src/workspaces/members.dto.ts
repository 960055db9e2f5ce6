import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsIn } from 'class-validator';
import type { Membership } from 'nestjs-host-database';
import { MEMBERSHIP_ROLES, type MembershipRole } from 'nestjs-host-database/memberships';
import { UserDto } from '../auth/auth.dto.js';

/** A member to be. */
export class AddMemberDto {
  @ApiProperty({ example: 'grace@example.com', format: 'email', description: 'With which the person has signed up' })
  @IsEmail()
  readonly email!: string;

  @ApiProperty({ enum: MEMBERSHIP_ROLES })
  @IsIn(MEMBERSHIP_ROLES)
  readonly role!: MembershipRole;
}

/** A member of a workspace. */
export class MemberDto {
  @ApiProperty()
  readonly user: UserDto;

  @ApiProperty({ enum: MEMBERSHIP_ROLES })
  readonly role: MembershipRole;

  @ApiProperty()
  readonly createdAt: Date;

  constructor({ user, role, createdAt }: Membership) {
    this.user = new UserDto(user.unwrap());
    this.role = role;
    this.createdAt = createdAt;
  }
}
