import { Body, Controller, Delete, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import { ImpersonationService, SystemAdmin } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { BeginImpersonationDto, BegunImpersonationDto } from './impersonations.dto.js';
import { WhileImpersonating } from './while-impersonating.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NO_CONTENT } = HttpStatus;

/** What administrators do with impersonations; workspaces have a list of theirs. */
@ApiTags('impersonations')
@ApiSignedIn()
@ApiProblems(BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND)
@Controller('system/impersonations')
export class ImpersonationsController {
  constructor(private readonly impersonations: ImpersonationService) {}

  @Post()
  @SystemAdmin()
  @ApiCreatedResponse({ type: BegunImpersonationDto })
  async begin(@Body() { workspaceId: tenantId, ...asked }: BeginImpersonationDto): Promise<BegunImpersonationDto> {
    return new BegunImpersonationDto(await this.impersonations.begin({ tenantId, ...asked }));
  }

  // Not for administrators alone: in the session of an impersonation nobody is one. Whose it is, the service asks.
  @Delete(':impersonationId')
  @HttpCode(NO_CONTENT)
  @WhileImpersonating()
  @ApiNoContentResponse({ description: 'It has ended, and its sessions with it' })
  async end(@Param('impersonationId', IdPipe) impersonationId: string): Promise<void> {
    await this.impersonations.end(impersonationId);
  }
}
