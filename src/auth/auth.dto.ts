import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import type { GlobalUser } from 'nestjs-host-database';
import { SESSION_TRANSPORTS, type SessionTransport } from 'nestjs-host-database/access';
import type { SignedIn } from './session-opener.js';

export const PASSWORD_MIN_LENGTH = 10;
export const PASSWORD_MAX_LENGTH = 256;

/** Which session somebody wants. */
class TransportDto {
  @ApiPropertyOptional({
    enum: SESSION_TRANSPORTS,
    default: 'bearer',
    description: '`cookie`, for browsers: the session is in a cookie that scripts cannot read, and not in the answer',
  })
  @IsOptional()
  @IsIn(SESSION_TRANSPORTS)
  readonly transport?: SessionTransport;
}

/** What signing up takes. */
export class SignUpDto extends TransportDto {
  @ApiProperty({ example: 'ada@example.com', format: 'email' })
  @IsEmail()
  readonly email!: string;

  @ApiProperty({ example: 'correct horse battery', minLength: PASSWORD_MIN_LENGTH, maxLength: PASSWORD_MAX_LENGTH })
  @IsString()
  @MinLength(PASSWORD_MIN_LENGTH)
  @MaxLength(PASSWORD_MAX_LENGTH)
  readonly password!: string;
}

/** What signing in takes. How long a password has to be is asked of new ones. */
export class SignInDto extends TransportDto {
  @ApiProperty({ example: 'ada@example.com', format: 'email' })
  @IsEmail()
  readonly email!: string;

  @ApiProperty({ example: 'correct horse battery', maxLength: PASSWORD_MAX_LENGTH })
  @IsString()
  @MaxLength(PASSWORD_MAX_LENGTH)
  readonly password!: string;
}

/** A person, as they are shown. */
export class UserDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'ada@example.com' })
  readonly email: string;

  constructor({ id, email }: GlobalUser) {
    this.id = id;
    this.email = email;
  }
}

/** A session that was opened. */
export class SessionDto {
  @ApiPropertyOptional({ description: 'To be sent with every request: `Authorization: Bearer <token>`. Not there for a cookie' })
  readonly token?: string;

  @ApiProperty({ description: 'When it ends in any case; two weeks without a request end it, too' })
  readonly expiresAt: Date;

  @ApiProperty()
  readonly user: UserDto;

  constructor({ token, expiresAt, user }: SignedIn) {
    if (token !== undefined) this.token = token;
    this.expiresAt = expiresAt;
    this.user = new UserDto(user);
  }
}
