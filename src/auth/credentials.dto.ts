import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsString, MaxLength, MinLength } from 'class-validator';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './auth.dto.js';

const TOKEN_MAX_LENGTH = 128;

/** What was in a mail. */
export class MailedTokenDto {
  @ApiProperty({ description: 'From the link in the mail' })
  @IsString()
  @MaxLength(TOKEN_MAX_LENGTH)
  readonly token!: string;
}

/** Whose password is forgotten. */
export class ForgottenPasswordDto {
  @ApiProperty({ example: 'ada@example.com', format: 'email' })
  @IsEmail()
  readonly email!: string;
}

/** A new password, by a token from a mail. */
export class ResetPasswordDto extends MailedTokenDto {
  @ApiProperty({ minLength: PASSWORD_MIN_LENGTH, maxLength: PASSWORD_MAX_LENGTH })
  @IsString()
  @MinLength(PASSWORD_MIN_LENGTH)
  @MaxLength(PASSWORD_MAX_LENGTH)
  readonly newPassword!: string;
}

/** A new password, by the one that it replaces. */
export class ChangePasswordDto {
  @ApiProperty({ maxLength: PASSWORD_MAX_LENGTH })
  @IsString()
  @MaxLength(PASSWORD_MAX_LENGTH)
  readonly currentPassword!: string;

  @ApiProperty({ minLength: PASSWORD_MIN_LENGTH, maxLength: PASSWORD_MAX_LENGTH })
  @IsString()
  @MinLength(PASSWORD_MIN_LENGTH)
  @MaxLength(PASSWORD_MAX_LENGTH)
  readonly newPassword!: string;
}
