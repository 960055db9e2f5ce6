import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { MEMBERSHIP_ROLES, type MembershipRole } from 'nestjs-host-database/memberships';
import { effectiveStatus, TENANT_STATUSES, type TenantStatus } from 'nestjs-host-database/tenants';
import { IsText } from '../http/is-text.decorator.js';
import type { OwnWorkspace } from './workspaces.service.js';

/** A workspace to be. */
export class CreateWorkspaceDto {
  @ApiProperty({ example: 'Analytical Engines', maxLength: 100 })
  @IsText({ maxLength: 100 })
  readonly name!: string;

  @ApiPropertyOptional({ example: 'analytical-engines', description: 'Its name in addresses, unique: a-z, 0-9 and inner dashes' })
  @IsOptional()
  @IsString()
  @MaxLength(63)
  readonly slug?: string;
}

/** A workspace, as one of its members sees it. */
export class WorkspaceDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'Analytical Engines' })
  readonly name: string;

  @ApiProperty({ example: 'analytical-engines', type: String, nullable: true })
  readonly slug: string | null;

  @ApiProperty({ enum: MEMBERSHIP_ROLES, description: 'What you are in it' })
  readonly role: MembershipRole;

  @ApiProperty({ enum: TENANT_STATUSES, description: 'Only an active workspace can be worked in' })
  readonly status: TenantStatus;

  @ApiProperty()
  readonly createdAt: Date;

  constructor({ tenant, role }: OwnWorkspace) {
    this.id = tenant.id;
    this.name = tenant.name;
    this.slug = tenant.slug ?? null;
    this.role = role;
    this.status = effectiveStatus(tenant);
    this.createdAt = tenant.createdAt;
  }
}
