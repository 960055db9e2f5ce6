import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ImpersonationService, RequireRole, SystemAdmin, TenantRoute } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { BeginImpersonationDto, BegunImpersonationDto, ImpersonationDto } from './impersonations.dto.js';
import { WhileImpersonating } from './while-impersonating.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NO_CONTENT } = HttpStatus;

@ApiTags('impersonations')
@ApiBearerAuth()
@ApiProblems(BAD_REQUEST, UNAUTHORIZED, FORBIDDEN)
@Controller()
export class ImpersonationsController {
  constructor(private readonly impersonations: ImpersonationService) {}

  @Post('system/impersonations')
  @SystemAdmin()
  @ApiCreatedResponse({ type: BegunImpersonationDto })
  @ApiProblems(NOT_FOUND)
  async begin(@Body() { workspaceId: tenantId, ...asked }: BeginImpersonationDto): Promise<BegunImpersonationDto> {
    return new BegunImpersonationDto(await this.impersonations.begin({ tenantId, ...asked }));
  }

  // Not for administrators alone: in the session of an impersonation nobody is one. Whose it is, the service asks.
  @Delete('system/impersonations/:impersonationId')
  @HttpCode(NO_CONTENT)
  @WhileImpersonating()
  @ApiNoContentResponse({ description: 'It has ended, and its sessions with it' })
  @ApiProblems(NOT_FOUND)
  async end(@Param('impersonationId', IdPipe) impersonationId: string): Promise<void> {
    await this.impersonations.end(impersonationId);
  }

  @Get('workspaces/:workspaceId/impersonations')
  @TenantRoute({ param: 'workspaceId', inactive: true })
  @RequireRole('admin')
  @ApiParam({ name: 'workspaceId', type: String })
  @ApiOkResponse({ type: [ImpersonationDto], description: 'Which administrators have acted as members, the newest first' })
  async list(@Param('workspaceId', IdPipe) workspaceId: string): Promise<ImpersonationDto[]> {
    const impersonations = await this.impersonations.listForTenant(workspaceId);
    return impersonations.map((impersonation) => new ImpersonationDto(impersonation));
  }
}
