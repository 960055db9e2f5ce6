import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, RequirePermission } from 'nestjs-host-database/access';
import { TenantMembers } from 'nestjs-host-database/memberships';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { RateLimited } from '../auth/rate-limit.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { AddMemberDto, MemberDto, RoleGrantDto, TransferOwnershipDto } from './members.dto.js';
import { MembersService } from './members.service.js';
import { WorkspaceRoute } from './workspace-route.decorator.js';

const { CONFLICT, NO_CONTENT, OK } = HttpStatus;

@ApiTags('members')
@WorkspaceRoute()
@Controller('workspaces/:workspaceId/members')
export class MembersController {
  constructor(
    private readonly members: MembersService,
    private readonly tenantMembers: TenantMembers,
  ) {}

  @Get()
  @RequirePermission('members.read')
  @ApiOkResponse({ type: [MemberDto] })
  async list(@CurrentTenant() { id }: TenantRecord): Promise<MemberDto[]> {
    const members = await this.members.findAll(id);
    return members.map((member) => new MemberDto(member));
  }

  // It tells who has an account.
  @Post()
  @RateLimited()
  @RequirePermission('members.manage')
  @ApiCreatedResponse({ type: MemberDto })
  @ApiProblems(CONFLICT)
  async add(@CurrentTenant() { id }: TenantRecord, @Body() { email, role, customRoleId }: AddMemberDto): Promise<MemberDto> {
    return new MemberDto(await this.members.add({ workspaceId: id, email, role, customRoleId }));
  }

  @Patch(':userId')
  @RequirePermission('members.manage')
  @ApiOkResponse({ type: MemberDto, description: 'What they may do from their next request on' })
  @ApiProblems(CONFLICT)
  async changeRole(
    @CurrentTenant() { id }: TenantRecord,
    @Param('userId', IdPipe) userId: string,
    @Body() { role, customRoleId }: RoleGrantDto,
  ): Promise<MemberDto> {
    return new MemberDto(await this.members.changeRole({ tenantId: id, userId, role, customRoleId }));
  }

  @Delete(':userId')
  @RequirePermission('members.manage')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'They are refused from their next request on' })
  @ApiProblems(CONFLICT)
  async remove(@CurrentTenant() { id }: TenantRecord, @Param('userId', IdPipe) userId: string): Promise<void> {
    await this.tenantMembers.remove({ tenantId: id, userId });
  }

  @Post('leave')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblems(CONFLICT)
  async leave(@CurrentTenant() { id }: TenantRecord): Promise<void> {
    await this.tenantMembers.leave(id);
  }

  @Post('transfer-ownership')
  @RequirePermission('tenant.transfer')
  @HttpCode(OK)
  @ApiOkResponse({ type: MemberDto, description: 'The new owner' })
  async transferOwnership(
    @CurrentTenant() { id }: TenantRecord,
    @Body() { toUserId, becomes }: TransferOwnershipDto,
  ): Promise<MemberDto> {
    return new MemberDto(await this.members.transferOwnership({ tenantId: id, toUserId, becomes }));
  }
}
