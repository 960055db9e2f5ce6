import { Controller, Get, Header, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Public } from 'nestjs-host-database/access';
import { InvitationsService } from 'nestjs-host-database/memberships';
import { RateLimited } from '../auth/rate-limit.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { InvitationPreviewDto } from './invitations.dto.js';
import { WorkspaceDto } from './workspaces.dto.js';

const { CONFLICT, FORBIDDEN, LOCKED, NO_CONTENT, NOT_FOUND, OK, UNAUTHORIZED } = HttpStatus;

/** What the person who was invited does with the token of the mail. */
@ApiTags('invitations')
@RateLimited()
@ApiProblems(NOT_FOUND)
@Controller('invitations/:token')
export class InvitationAnswersController {
  constructor(private readonly invitations: InvitationsService) {}

  @Get()
  @Public()
  // The address is as secret as what it shows.
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ type: InvitationPreviewDto })
  async preview(@Param('token') token: string): Promise<InvitationPreviewDto> {
    return new InvitationPreviewDto(await this.invitations.preview(token));
  }

  @Post('accept')
  @HttpCode(OK)
  @ApiSignedIn()
  @ApiOkResponse({ type: WorkspaceDto, description: 'Where you are a member now' })
  @ApiProblems(UNAUTHORIZED, FORBIDDEN, CONFLICT, LOCKED)
  async accept(@Param('token') token: string): Promise<WorkspaceDto> {
    const { tenant, role } = await this.invitations.accept(token);
    return new WorkspaceDto({ tenant: await tenant.loadOrFail(), role });
  }

  @Post('decline')
  @HttpCode(NO_CONTENT)
  @ApiSignedIn()
  @ApiNoContentResponse()
  @ApiProblems(UNAUTHORIZED, FORBIDDEN)
  async decline(@Param('token') token: string): Promise<void> {
    await this.invitations.decline(token);
  }
}
