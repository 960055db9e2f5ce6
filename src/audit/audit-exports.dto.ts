import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { AuditLogFilterDto } from './audit-log.dto.js';
import { AUDIT_EXPORT_FORMATS, type AuditExport, type AuditExportFormat } from './audit-exports.service.js';
import { JOB_STATES } from './job-state.js';

/** An export to be. */
export class CreateAuditExportDto extends AuditLogFilterDto {
  @ApiProperty({
    enum: AUDIT_EXPORT_FORMATS,
    description: 'jsonl has the proofs by which a third party verifies the log, where the filter is empty',
  })
  @IsIn(AUDIT_EXPORT_FORMATS)
  readonly format!: AuditExportFormat;
}

/** An export of the log of a workspace. */
export class AuditExportDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ enum: AUDIT_EXPORT_FORMATS })
  readonly format: AuditExportFormat;

  @ApiProperty({ enum: JOB_STATES })
  readonly status: AuditExport['status'];

  @ApiProperty({ description: 'How many rows are written' })
  readonly rows: number;

  @ApiProperty({ minimum: 0, maximum: 1, description: 'How much of it is done' })
  readonly progress: number;

  @ApiProperty()
  readonly createdAt: Date;

  constructor({ id, format, status, rows, progress, createdAt }: AuditExport) {
    this.id = id;
    this.format = format;
    this.status = status;
    this.rows = rows;
    this.progress = progress;
    this.createdAt = createdAt;
  }
}
