import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, ImpersonationService, RequireRole } from 'nestjs-host-database/access';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { ImpersonationDto } from '../auth/impersonations.dto.js';
import { WorkspaceRoute } from './workspace-route.decorator.js';

/** Who has acted in a workspace as one of its members. */
@ApiTags('impersonations')
@WorkspaceRoute()
@RequireRole('admin')
@Controller('workspaces/:workspaceId/impersonations')
export class WorkspaceImpersonationsController {
  constructor(private readonly impersonations: ImpersonationService) {}

  @Get()
  @ApiOkResponse({ type: [ImpersonationDto], description: 'Which administrators have acted as members, the newest first' })
  async list(@CurrentTenant() { id }: TenantRecord): Promise<ImpersonationDto[]> {
    const impersonations = await this.impersonations.listForTenant(id);
    return impersonations.map((impersonation) => new ImpersonationDto(impersonation));
  }
}
