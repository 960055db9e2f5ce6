import { Controller, Delete, Get, HttpCode, HttpStatus, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type ActingUser, CurrentUser, NotAuthenticatedError, SessionsService } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { OwnSessionDto } from './sessions.dto.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, NO_CONTENT } = HttpStatus;

@ApiTags('auth')
@ApiSignedIn()
@ApiProblems(UNAUTHORIZED, FORBIDDEN)
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @ApiOkResponse({ type: [OwnSessionDto], description: 'Where you are signed in, the last used one first' })
  async list(@CurrentUser() { id, sessionId }: ActingUser): Promise<OwnSessionDto[]> {
    return (await this.sessions.list(id)).map((session) => new OwnSessionDto(session, sessionId));
  }

  @Delete(':sessionId')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'It has ended, in every process' })
  @ApiProblems(BAD_REQUEST, NOT_FOUND)
  async revoke(@CurrentUser() { id: userId }: ActingUser, @Param('sessionId', IdPipe) sessionId: string): Promise<void> {
    await this.sessions.revoke({ userId, sessionId });
  }

  @Delete()
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'All but the one that asks have ended' })
  async revokeOthers(@CurrentUser() { id: userId, sessionId }: ActingUser): Promise<void> {
    if (sessionId === undefined) throw new NotAuthenticatedError();
    await this.sessions.revokeOthers({ userId, sessionId });
  }
}
