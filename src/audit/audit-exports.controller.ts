import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, StreamableFile } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { AuditExportDto, CreateAuditExportDto } from './audit-exports.dto.js';
import { AuditExportsService } from './audit-exports.service.js';

const CONTENT_TYPES = { csv: 'text/csv; charset=utf-8', jsonl: 'application/jsonl; charset=utf-8' } as const;

@ApiTags('audit log')
@ApiBearerAuth()
@ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN)
@Controller('workspaces/:workspaceId/audit-exports')
export class AuditExportsController {
  constructor(private readonly exports: AuditExportsService) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiAcceptedResponse({ type: AuditExportDto, description: 'Being written; ask for it by its id' })
  async create(
    @Param('workspaceId', IdPipe) workspaceId: string,
    @Body() { format, ...filter }: CreateAuditExportDto,
  ): Promise<AuditExportDto> {
    return new AuditExportDto(await this.exports.create(workspaceId, { format, filter }));
  }

  @Get(':exportId')
  @ApiOkResponse({ type: AuditExportDto })
  @ApiProblems(HttpStatus.NOT_FOUND)
  async get(
    @Param('workspaceId', IdPipe) workspaceId: string,
    @Param('exportId', IdPipe) exportId: string,
  ): Promise<AuditExportDto> {
    return new AuditExportDto(await this.exports.get(workspaceId, exportId));
  }

  @Get(':exportId/file')
  @ApiProduces(...Object.values(CONTENT_TYPES))
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems(HttpStatus.NOT_FOUND, HttpStatus.CONFLICT, HttpStatus.GONE)
  async file(
    @Param('workspaceId', IdPipe) workspaceId: string,
    @Param('exportId', IdPipe) exportId: string,
  ): Promise<StreamableFile> {
    const { format, content } = await this.exports.open(workspaceId, exportId);
    return new StreamableFile(content, {
      type: CONTENT_TYPES[format],
      disposition: `attachment; filename="audit-log.${format}"`,
    });
  }
}
