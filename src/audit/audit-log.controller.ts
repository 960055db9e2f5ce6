import { Readable } from 'node:stream';
import { Controller, Get, HttpStatus, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, RequirePermission } from 'nestjs-host-database/access';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { WorkspaceRoute } from '../workspaces/workspace-route.decorator.js';
import { AuditLogFilterDto, AuditLogQueryDto, AuditPageDto } from './audit-log.dto.js';
import { AuditLogService } from './audit-log.service.js';
import { InclusionProofDto } from './system-audit-log.dto.js';

@ApiTags('audit log')
@WorkspaceRoute()
@RequirePermission('audit-log.read')
@Controller('workspaces/:workspaceId')
export class AuditLogController {
  constructor(private readonly log: AuditLogService) {}

  @Get('audit-log')
  @ApiOkResponse({ type: AuditPageDto })
  async find(@CurrentTenant() { id: workspaceId }: TenantRecord, @Query() query: AuditLogQueryDto): Promise<AuditPageDto> {
    return new AuditPageDto(await this.log.find(workspaceId, query));
  }

  @Get('audit-log.csv')
  @ApiProduces('text/csv')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'While you wait; make an export where there is much' })
  async csv(@CurrentTenant() { id: workspaceId }: TenantRecord, @Query() filter: AuditLogFilterDto): Promise<StreamableFile> {
    const lines = await this.log.toCsv(workspaceId, filter);
    // In bytes, which is what Fastify sends: text would come one line at a time.
    return new StreamableFile(Readable.from(lines, { objectMode: false }), {
      type: 'text/csv; charset=utf-8',
      disposition: 'attachment; filename="audit-log.csv"',
    });
  }

  @Get('audit-log/:rowId/proof')
  @ApiOkResponse({ type: InclusionProofDto })
  @ApiProblems(HttpStatus.SERVICE_UNAVAILABLE)
  async prove(
    @CurrentTenant() { id: workspaceId }: TenantRecord,
    @Param('rowId', IdPipe) rowId: string,
  ): Promise<InclusionProofDto> {
    return new InclusionProofDto(await this.log.prove(workspaceId, rowId));
  }
}
