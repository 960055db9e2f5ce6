import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsIn, IsOptional, IsString } from 'class-validator';
import type { Membership } from 'nestjs-host-database';
import { MEMBERSHIP_ROLES, type MembershipRole } from 'nestjs-host-database/memberships';
import { UserDto } from '../auth/auth.dto.js';

const FORMER_OWNER_ROLES = ['admin', 'member'] as const;

/** What a member is to be. */
export class RoleGrantDto {
  @ApiProperty({ enum: MEMBERSHIP_ROLES })
  @IsIn(MEMBERSHIP_ROLES)
  readonly role!: MembershipRole;

  @ApiPropertyOptional({ type: String, nullable: true, description: "The id of one of the workspace's own roles, for a member" })
  @IsOptional()
  @IsString()
  readonly customRoleId?: string | null;
}

/** A member to be. */
export class AddMemberDto extends RoleGrantDto {
  @ApiProperty({ example: 'grace@example.com', format: 'email', description: 'With which the person has signed up' })
  @IsEmail()
  readonly email!: string;
}

/** Who is to own the workspace instead of you. */
export class TransferOwnershipDto {
  @ApiProperty({ description: 'The id of a member' })
  @IsString()
  readonly toUserId!: string;

  @ApiPropertyOptional({ enum: FORMER_OWNER_ROLES, default: 'admin', description: 'What you become' })
  @IsOptional()
  @IsIn(FORMER_OWNER_ROLES)
  readonly becomes?: (typeof FORMER_OWNER_ROLES)[number];
}

/** A member of a workspace. */
export class MemberDto {
  @ApiProperty()
  readonly user: UserDto;

  @ApiProperty({ enum: MEMBERSHIP_ROLES })
  readonly role: MembershipRole;

  @ApiProperty({ type: String, nullable: true, description: "The id of one of the workspace's own roles" })
  readonly customRoleId: string | null;

  @ApiProperty()
  readonly createdAt: Date;

  /** @param membership with its user loaded */
  constructor({ user, role, customRole, createdAt }: Membership) {
    this.user = new UserDto(user.unwrap());
    this.role = role;
    this.customRoleId = customRole?.id ?? null;
    this.createdAt = createdAt;
  }
}
