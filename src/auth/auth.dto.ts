import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsString, MaxLength, MinLength } from 'class-validator';
import type { GlobalUser } from 'nestjs-host-database';
import type { SignedIn } from './auth.service.js';

/** What signing up and signing in take. */
export class CredentialsDto {
  @ApiProperty({ example: 'ada@example.com', format: 'email' })
  @IsEmail()
  readonly email!: string;

  @ApiProperty({ example: 'correct horse battery', minLength: 8, maxLength: 128 })
  @IsString()
  @MinLength(8)
  @MaxLength(128)
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

/** A session. */
export class SessionDto {
  @ApiProperty({ description: 'To be sent with every request: `Authorization: Bearer <token>`' })
  readonly token: string;

  @ApiProperty()
  readonly expiresAt: Date;

  @ApiProperty()
  readonly user: UserDto;

  constructor({ token, expiresAt, user }: SignedIn) {
    this.token = token;
    this.expiresAt = expiresAt;
    this.user = new UserDto(user);
  }
}
