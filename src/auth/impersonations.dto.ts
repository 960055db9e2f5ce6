import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import type { BegunImpersonation, Impersonation } from 'nestjs-host-database/access';

/** As whom an administrator wants to act, where, and why. */
export class BeginImpersonationDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  @IsString()
  readonly userId!: string;

  @ApiProperty({ description: 'The only workspace that can be entered' })
  @IsString()
  readonly workspaceId!: string;

  @ApiProperty({ minLength: 10, maxLength: 500, description: 'The workspace reads it' })
  @IsString()
  @MinLength(10)
  @MaxLength(500)
  readonly reason!: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 60, default: 60 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(60)
  readonly minutes?: number;
}

/** That an administrator acts as a member of a workspace, or did. */
export class ImpersonationDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ description: 'Who acts' })
  readonly adminUserId: string;

  @ApiProperty({ description: 'As whom' })
  readonly userId: string;

  @ApiProperty()
  readonly reason: string;

  @ApiProperty()
  readonly startedAt: Date;

  @ApiProperty({ description: 'When it ends by itself' })
  readonly expiresAt: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'When it was ended before that' })
  readonly endedAt: Date | null;

  constructor(impersonation: Impersonation) {
    this.id = impersonation.id;
    this.adminUserId = impersonation.adminUserId;
    this.userId = impersonation.userId;
    this.reason = impersonation.reason;
    this.startedAt = impersonation.startedAt;
    this.expiresAt = impersonation.expiresAt;
    this.endedAt = impersonation.endedAt ?? null;
  }
}

/** An impersonation and the session in which it happens. */
export class BegunImpersonationDto extends ImpersonationDto {
  @ApiProperty({ description: 'To be sent with every request as that person: `Authorization: Bearer <token>`' })
  readonly token: string;

  constructor({ impersonation, token }: BegunImpersonation) {
    super(impersonation);
    this.token = token;
  }
}
