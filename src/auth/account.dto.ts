import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsOptional, IsString, MaxLength } from 'class-validator';
import type { GlobalUser } from 'nestjs-host-database';
import { PASSWORD_MAX_LENGTH, UserDto } from './auth.dto.js';

/** That it is the person who asks, and not somebody at their keyboard. */
export class ConfirmedDto {
  @ApiPropertyOptional({ maxLength: PASSWORD_MAX_LENGTH, description: 'Needed of everybody who has a password' })
  @IsOptional()
  @IsString()
  @MaxLength(PASSWORD_MAX_LENGTH)
  readonly currentPassword?: string;
}

/** Another address. */
export class ChangeEmailDto extends ConfirmedDto {
  @ApiProperty({ example: 'ada@new.example.com', format: 'email' })
  @IsEmail()
  readonly email!: string;
}

/** An account, as its person and administrators see it. */
export class AccountDto extends UserDto {
  @ApiProperty({ type: Date, nullable: true, description: 'Since when the address is known to be theirs' })
  readonly emailVerifiedAt: Date | null;

  @ApiProperty()
  readonly isSystemAdmin: boolean;

  @ApiProperty({ type: Date, nullable: true, description: 'Since when they may not sign in any more' })
  readonly deactivatedAt: Date | null;

  @ApiProperty()
  readonly createdAt: Date;

  constructor(user: GlobalUser) {
    super(user);
    this.emailVerifiedAt = user.emailVerifiedAt ?? null;
    this.isSystemAdmin = user.isSysAdmin;
    this.deactivatedAt = user.deactivatedAt ?? null;
    this.createdAt = user.createdAt;
  }
}
