import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDate,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxDate,
  MaxLength,
  Min,
  MinDate,
} from 'class-validator';
import {
  AUDIT_OUTCOMES,
  type AuditEntry,
  type AuditOutcome,
  type AuditPage,
  type TenantAuditFilter,
} from 'nestjs-host-database/audit';

const ORDERS = ['newest', 'oldest'] as const;
const EVENT_TYPES_MAX = 50;
const TEXT_MAX_LENGTH = 255;
/** What the log takes as a time. */
const [EARLIEST, LATEST] = [new Date('0001-01-01T00:00:00.000Z'), new Date('9999-12-31T23:59:59.999Z')];

/** Which rows of a workspace's log. */
export class AuditLogFilterDto implements TenantAuditFilter {
  @ApiPropertyOptional({ description: 'The id of the user who did it' })
  @IsOptional()
  @IsString()
  @MaxLength(TEXT_MAX_LENGTH)
  readonly actorUserId?: string;

  @ApiPropertyOptional({ description: 'The id of what it happened to' })
  @IsOptional()
  @IsString()
  @MaxLength(TEXT_MAX_LENGTH)
  readonly targetId?: string;

  @ApiPropertyOptional({
    type: [String],
    example: ['workspaces.member-added', 'memberships.*'],
    description: 'One event type or several; a room with `.*` is all of its event types',
  })
  @IsOptional()
  // One parameter of a query is no list.
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(EVENT_TYPES_MAX)
  @IsString({ each: true })
  readonly eventType?: string[];

  @ApiPropertyOptional({ enum: AUDIT_OUTCOMES })
  @IsOptional()
  @IsIn(AUDIT_OUTCOMES)
  readonly outcome?: AuditOutcome;

  @ApiPropertyOptional({ example: '2030-01-01T00:00:00Z', description: 'Recorded then or later' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  @MinDate(EARLIEST)
  @MaxDate(LATEST)
  readonly from?: Date;

  @ApiPropertyOptional({ example: '2030-02-01T00:00:00Z', description: 'Recorded before' })
  @IsOptional()
  @Type(() => Date)
  @IsDate()
  @MinDate(EARLIEST)
  @MaxDate(LATEST)
  readonly to?: Date;
}

/** Which page of a workspace's log. */
export class AuditLogQueryDto extends AuditLogFilterDto {
  @ApiPropertyOptional({ enum: ORDERS, default: 'newest' })
  @IsOptional()
  @IsIn(ORDERS)
  readonly order?: (typeof ORDERS)[number];

  @ApiPropertyOptional({ minimum: 1, maximum: 1_000, default: 100 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000)
  readonly limit?: number;

  @ApiPropertyOptional({ description: '`next` of the page before, with the same filter' })
  @IsOptional()
  @IsString()
  readonly after?: string;
}

/** One thing that happened. */
export class AuditEntryDto {
  @ApiProperty({ example: '019a0b1c2d3e7f40815a6b7c8d9e0f11' })
  readonly id: string;

  @ApiProperty({ example: 'workspaces.member-added' })
  readonly eventType: string;

  @ApiProperty({ enum: AUDIT_OUTCOMES })
  readonly outcome: AuditOutcome;

  @ApiProperty({ type: String, nullable: true, description: 'Who did it' })
  readonly actorUserId: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Who acted as that user' })
  readonly impersonatorUserId: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'tenant' })
  readonly targetType: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly targetId: string | null;

  @ApiProperty({ type: Object, nullable: true })
  readonly details: Readonly<Record<string, unknown>> | null;

  @ApiProperty({ type: String, nullable: true, description: '`[erased]` once the person was' })
  readonly ipAddress: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly userAgent: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly requestId: string | null;

  @ApiProperty()
  readonly createdAt: Date;

  constructor(entry: AuditEntry) {
    this.id = entry.id;
    this.eventType = entry.eventType;
    this.outcome = entry.outcome;
    this.actorUserId = entry.actorUserId;
    this.impersonatorUserId = entry.impersonatorUserId;
    this.targetType = entry.targetType;
    this.targetId = entry.targetId;
    this.details = entry.details;
    this.ipAddress = entry.ipAddress;
    this.userAgent = entry.userAgent;
    this.requestId = entry.requestId;
    this.createdAt = entry.createdAt;
  }
}

/** A page of a workspace's log. */
export class AuditPageDto {
  @ApiProperty({ type: [AuditEntryDto] })
  readonly rows: readonly AuditEntryDto[];

  @ApiProperty({ type: String, nullable: true, description: 'To be passed as `after`; null on the last page' })
  readonly next: string | null;

  constructor({ rows, next }: AuditPage) {
    this.rows = rows.map((entry) => new AuditEntryDto(entry));
    this.next = next ?? null;
  }
}
