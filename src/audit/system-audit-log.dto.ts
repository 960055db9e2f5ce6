import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import type {
  AuditCloudEvent,
  AuditEntry,
  AuditFeedOptions,
  AuditPage,
  AuditVerificationSummary,
  InclusionProof,
} from 'nestjs-host-database/audit';
import { AuditEntryDto, AuditLogQueryDto } from './audit-log.dto.js';
import { JOB_STATES, type JobState } from './job-state.js';
import type { AuditVerification, CloudEventsPage } from './system-audit-log.service.js';

const ID_LENGTH = 32;

/** Which page of the log. */
export class SystemAuditLogQueryDto extends AuditLogQueryDto {
  @ApiPropertyOptional({ default: 'host', description: '`host`, the id of a workspace, or `all`' })
  @IsOptional()
  @IsString()
  @MaxLength(ID_LENGTH)
  readonly scope?: string;
}

/** Where the feed goes on. */
export class AuditFeedQueryDto implements AuditFeedOptions {
  @ApiPropertyOptional({ description: '`cursor` of the answer before, once its events are safe' })
  @IsOptional()
  @IsString()
  readonly after?: string;

  @ApiPropertyOptional({ minimum: 1, maximum: 1_000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  readonly limit?: number;
}

/** One thing that happened, and in which workspace. */
export class SystemAuditEntryDto extends AuditEntryDto {
  @ApiProperty({ type: String, nullable: true, description: 'The id of the workspace; null is the host' })
  readonly tenantId: string | null;

  constructor(entry: AuditEntry) {
    super(entry);
    this.tenantId = entry.tenantId;
  }
}

/** A page of the log. */
export class SystemAuditPageDto {
  @ApiProperty({ type: [SystemAuditEntryDto] })
  readonly rows: SystemAuditEntryDto[];

  @ApiProperty({ type: String, nullable: true, description: 'To be sent as `after` for the next page; null on the last one' })
  readonly next: string | null;

  constructor({ rows, next }: AuditPage) {
    this.rows = rows.map((row) => new SystemAuditEntryDto(row));
    this.next = next ?? null;
  }
}

/** The next events of the feed. */
export class AuditFeedPageDto {
  @ApiProperty({ type: [Object], description: 'CloudEvents 1.0; each may come twice, and `id` tells' })
  readonly events: readonly AuditCloudEvent[];

  @ApiProperty({ description: 'To be kept once the events are safe, and sent as `after`' })
  readonly cursor: string;

  constructor({ events, cursor }: CloudEventsPage) {
    this.events = events;
    this.cursor = cursor;
  }
}

/** Shows with a public key alone that a row is in a signed checkpoint. */
export class InclusionProofDto implements InclusionProof {
  @ApiProperty({ description: 'The exact text of the record' })
  readonly canonical: string;

  @ApiProperty()
  readonly leafIndex: number;

  @ApiProperty({ type: [String], description: 'The hashes beside the way to the root, in hex' })
  readonly path: readonly string[];

  @ApiProperty({
    type: 'object',
    properties: { body: { type: 'string' }, signature: { type: 'string' } },
    required: ['body', 'signature'],
  })
  readonly checkpoint: InclusionProof['checkpoint'];

  constructor({ canonical, leafIndex, path, checkpoint }: InclusionProof) {
    this.canonical = canonical;
    this.leafIndex = leafIndex;
    this.path = path;
    this.checkpoint = { body: checkpoint.body, signature: checkpoint.signature };
  }
}

/** What the last verification of the whole log has found. */
export class AuditVerificationResultDto {
  @ApiProperty()
  readonly verifiedAt: Date;

  @ApiProperty({ description: 'Whether nothing was found' })
  readonly ok: boolean;

  @ApiProperty({ description: 'How much is wrong; the log of the process says what' })
  readonly findings: number;

  @ApiProperty()
  readonly scopes: number;

  @ApiProperty()
  readonly checkedRows: number;

  @ApiProperty()
  readonly checkedCheckpoints: number;

  constructor({ verifiedAt, ok, findings, scopes, checkedRows, checkedCheckpoints }: AuditVerificationSummary) {
    this.verifiedAt = verifiedAt;
    this.ok = ok;
    this.findings = findings;
    this.scopes = scopes;
    this.checkedRows = checkedRows;
    this.checkedCheckpoints = checkedCheckpoints;
  }
}

/** A verification that was asked for. */
export class AuditVerificationDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ enum: JOB_STATES })
  readonly status: JobState;

  @ApiProperty({ minimum: 0, maximum: 1, description: 'How much of it is done' })
  readonly progress: number;

  @ApiProperty({ type: Number, nullable: true, description: 'How much is wrong; null until it is completed' })
  readonly findings: number | null;

  @ApiProperty()
  readonly createdAt: Date;

  constructor({ id, status, progress, findings, createdAt }: AuditVerification) {
    this.id = id;
    this.status = status;
    this.progress = progress;
    this.findings = findings ?? null;
    this.createdAt = createdAt;
  }
}
