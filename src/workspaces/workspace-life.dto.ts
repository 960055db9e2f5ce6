import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, Max, Min } from 'class-validator';
import type { TenantCatalog } from 'nestjs-host-database';
import type { TenantDeletionPlan } from 'nestjs-host-database/tenant-databases';
import { TENANT_STATUSES, type TenantStatus } from 'nestjs-host-database/tenants';
import { IsText } from '../http/is-text.decorator.js';

/** How a workspace is closed. */
export class CloseWorkspaceDto {
  @ApiPropertyOptional({ example: 'The invoice is overdue', maxLength: 1_000, description: 'For the audit log' })
  @IsOptional()
  @IsText({ maxLength: 1_000 })
  readonly reason?: string;

  @ApiPropertyOptional({ default: true, description: 'Whether requests that are under way may end; they are cut otherwise' })
  @IsOptional()
  @IsBoolean()
  readonly drain?: boolean;
}

/** How a workspace is deleted. */
export class DeleteWorkspaceDto extends CloseWorkspaceDto {
  @ApiPropertyOptional({
    minimum: 0,
    maximum: 365,
    default: 30,
    description: 'For how many days it can be restored; its owners cannot ask for fewer than the default',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(365)
  readonly graceDays?: number;

  @ApiPropertyOptional({ default: false, description: 'Whether its data is exported before it is removed' })
  @IsOptional()
  @IsBoolean()
  readonly export?: boolean;
}

/** Where a workspace stands in its life. */
export class WorkspaceLifeDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ enum: TENANT_STATUSES })
  readonly status: TenantStatus;

  @ApiProperty({ type: Date, nullable: true, description: 'Until when a workspace that is to be deleted can be restored' })
  readonly deleteAfter: Date | null;

  constructor({ id, status, deleteAfter }: TenantCatalog) {
    this.id = id;
    this.status = status;
    this.deleteAfter = deleteAfter ?? null;
  }
}

const COUNTS = { type: 'object', additionalProperties: { type: 'integer' } } as const;

/** What the deletion of a workspace will remove, and what it will keep. Where it is kept is for the operators to know. */
export class DeletionPlanDto {
  @ApiProperty({ enum: TENANT_STATUSES })
  readonly status: TenantStatus;

  @ApiProperty({ type: Date, nullable: true })
  readonly deleteAfter: Date | null;

  @ApiProperty({ description: 'Whether its data is exported before' })
  readonly isExported: boolean;

  @ApiProperty({ ...COUNTS, description: 'How many rows of each of its own tables are removed' })
  readonly tables: Readonly<Record<string, number>>;

  @ApiProperty({ ...COUNTS, description: 'What else is removed, by table' })
  readonly others: Readonly<Record<string, number>>;

  @ApiProperty({ ...COUNTS, description: 'What is kept, by table' })
  readonly kept: Readonly<Record<string, number>>;

  constructor({ status, deleteAfter, isExported, removes, keeps }: TenantDeletionPlan) {
    this.status = status;
    this.deleteAfter = deleteAfter;
    this.isExported = isExported;
    this.tables = removes.tables;
    this.others = Object.assign({}, ...Object.values(removes.parts)) as Record<string, number>;
    this.kept = keeps.rows;
  }
}
