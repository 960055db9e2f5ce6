import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, StreamableFile } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, RequirePermission } from 'nestjs-host-database/access';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { WorkspaceRoute } from '../workspaces/workspace-route.decorator.js';
import { AuditExportDto, CreateAuditExportDto } from './audit-exports.dto.js';
import { AuditExportsService } from './audit-exports.service.js';

const CONTENT_TYPES = { csv: 'text/csv; charset=utf-8', jsonl: 'application/jsonl; charset=utf-8' } as const;

@ApiTags('audit log')
@WorkspaceRoute()
@RequirePermission('audit-log.read')
@Controller('workspaces/:workspaceId/audit-exports')
export class AuditExportsController {
  constructor(private readonly exports: AuditExportsService) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiAcceptedResponse({ type: AuditExportDto, description: 'Being written; ask for it by its id' })
  async create(
    @CurrentTenant() { id: workspaceId }: TenantRecord,
    @Body() { format, ...filter }: CreateAuditExportDto,
  ): Promise<AuditExportDto> {
    return new AuditExportDto(await this.exports.create(workspaceId, { format, filter }));
  }

  @Get(':exportId')
  @ApiOkResponse({ type: AuditExportDto })
  async get(
    @CurrentTenant() { id: workspaceId }: TenantRecord,
    @Param('exportId', IdPipe) exportId: string,
  ): Promise<AuditExportDto> {
    return new AuditExportDto(await this.exports.get(workspaceId, exportId));
  }

  @Get(':exportId/file')
  @ApiProduces(...Object.values(CONTENT_TYPES))
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems(HttpStatus.CONFLICT, HttpStatus.GONE)
  async file(
    @CurrentTenant() { id: workspaceId }: TenantRecord,
    @Param('exportId', IdPipe) exportId: string,
  ): Promise<StreamableFile> {
    const { format, content } = await this.exports.open(workspaceId, exportId);
    return new StreamableFile(content, {
      type: CONTENT_TYPES[format],
      disposition: `attachment; filename="audit-log.${format}"`,
    });
  }
}
