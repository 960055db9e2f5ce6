import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CurrentTenant, RequirePermission } from 'nestjs-host-database/access';
import { InvitationsService } from 'nestjs-host-database/memberships';
import type { TenantRecord } from 'nestjs-host-database/tenants';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CreateInvitationDto, InvitationDto, InvitationPageDto, InvitationsQueryDto } from './invitations.dto.js';
import { WorkspaceRoute } from './workspace-route.decorator.js';

const { CONFLICT, LOCKED, NO_CONTENT, OK, TOO_MANY_REQUESTS } = HttpStatus;

/** What a workspace does with its invitations. */
@ApiTags('invitations')
@WorkspaceRoute()
@RequirePermission('invitations.manage')
@Controller('workspaces/:workspaceId/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Get()
  @ApiOkResponse({ type: InvitationPageDto })
  async list(@CurrentTenant() { id }: TenantRecord, @Query() page: InvitationsQueryDto): Promise<InvitationPageDto> {
    return new InvitationPageDto(await this.invitations.list(id, page));
  }

  @Post()
  @ApiCreatedResponse({ type: InvitationDto, description: 'It is mailed; an address that was invited already gets another mail' })
  @ApiProblems(CONFLICT, LOCKED, TOO_MANY_REQUESTS)
  async create(
    @CurrentTenant() { id }: TenantRecord,
    @Body() { customRoleId, ...invitation }: CreateInvitationDto,
  ): Promise<InvitationDto> {
    const role = { customRoleId: customRoleId ?? undefined };
    return new InvitationDto(await this.invitations.create({ ...invitation, ...role, tenantId: id }));
  }

  @Post(':invitationId/resend')
  @HttpCode(OK)
  @ApiOkResponse({ type: InvitationDto, description: 'The link that was sent before opens nothing any more' })
  @ApiProblems(CONFLICT, LOCKED, TOO_MANY_REQUESTS)
  async resend(@Param('invitationId', IdPipe) invitationId: string): Promise<InvitationDto> {
    return new InvitationDto(await this.invitations.resend(invitationId));
  }

  @Delete(':invitationId')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblems(CONFLICT)
  async revoke(@Param('invitationId', IdPipe) invitationId: string): Promise<void> {
    await this.invitations.revoke(invitationId);
  }
}
