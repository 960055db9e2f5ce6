import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, RequirePermission } from 'nestjs-host-database/access';
import { RolesService, TenantRoles } from 'nestjs-host-database/memberships';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CreateRoleDto, RoleDto, UpdateRoleDto } from './roles.dto.js';
import { WorkspaceRoute } from './workspace-route.decorator.js';

const { CONFLICT, NO_CONTENT } = HttpStatus;

@ApiTags('roles')
@WorkspaceRoute()
@RequirePermission('roles.manage')
@Controller('workspaces/:workspaceId/roles')
export class RolesController {
  constructor(
    private readonly roles: RolesService,
    private readonly tenantRoles: TenantRoles,
  ) {}

  @Get()
  @RequirePermission('members.read')
  @ApiOkResponse({ type: [RoleDto], description: 'Those that it has made for itself, by name' })
  async list(@CurrentTenant() { id }: TenantRecord): Promise<RoleDto[]> {
    const roles = await this.roles.list(id);
    return roles.map((role) => new RoleDto(role));
  }

  @Post()
  @ApiCreatedResponse({ type: RoleDto })
  @ApiProblems(CONFLICT)
  async create(@CurrentTenant() { id }: TenantRecord, @Body() { name, permissions }: CreateRoleDto): Promise<RoleDto> {
    return new RoleDto(await this.tenantRoles.create({ tenantId: id, name, permissions }));
  }

  @Patch(':roleId')
  @ApiOkResponse({ type: RoleDto, description: 'What all who have it may do from their next request on' })
  @ApiProblems(CONFLICT)
  async update(
    @CurrentTenant() { id }: TenantRecord,
    @Param('roleId', IdPipe) roleId: string,
    @Body() changes: UpdateRoleDto,
  ): Promise<RoleDto> {
    return new RoleDto(await this.tenantRoles.update({ tenantId: id, roleId }, changes));
  }

  @Delete(':roleId')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblems(CONFLICT)
  async remove(@CurrentTenant() { id }: TenantRecord, @Param('roleId', IdPipe) roleId: string): Promise<void> {
    await this.tenantRoles.remove({ tenantId: id, roleId });
  }
}
