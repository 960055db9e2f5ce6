import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import type { UserIdentity } from 'nestjs-host-database/users';

const PROVIDER_MAX_LENGTH = 63;
const PATH_MAX_LENGTH = 2_000;

/** At which provider somebody wants to sign in from now on, too. */
export class LinkIdentityDto {
  @ApiProperty({ example: 'google', description: 'One of `/auth/providers`' })
  @IsString()
  @MaxLength(PROVIDER_MAX_LENGTH)
  readonly provider!: string;

  @ApiPropertyOptional({ example: '/settings', default: '/', description: 'A path of the application, to come back to' })
  @IsOptional()
  @IsString()
  @MaxLength(PATH_MAX_LENGTH)
  readonly returnTo?: string;
}

/** Where to send a browser that is to be linked. */
export class IdentityLinkDto {
  @ApiProperty({ format: 'uri', description: 'At the provider. The browser needs the cookie of this answer when it comes back' })
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }
}

/** By whom else a person is known, and can sign in. */
export class IdentityDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'https://accounts.google.com', description: 'Who vouches for it' })
  readonly issuer: string;

  @ApiProperty({ type: String, nullable: true, description: 'The address that they know' })
  readonly email: string | null;

  @ApiProperty()
  readonly createdAt: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'When it was last used to sign in' })
  readonly lastUsedAt: Date | null;

  constructor({ id, provider, email, createdAt, lastUsedAt }: UserIdentity) {
    this.id = id;
    this.issuer = provider;
    this.email = email ?? null;
    this.createdAt = createdAt;
    this.lastUsedAt = lastUsedAt ?? null;
  }
}
