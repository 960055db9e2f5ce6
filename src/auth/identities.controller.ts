import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Post, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { addCookie, type CookieResponse, ProviderSignIn, type RequestLike } from 'nestjs-host-database/access';
import { UserIdentities } from 'nestjs-host-database/users';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { ActorService } from './actor.service.js';
import { IdentityDto, IdentityLinkDto, LinkIdentityDto } from './identities.dto.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, NO_CONTENT, OK, SERVICE_UNAVAILABLE } = HttpStatus;

/** At which providers somebody can sign in to their account. */
@ApiTags('auth')
@ApiSignedIn()
@ApiProblems(UNAUTHORIZED, FORBIDDEN)
@Controller('auth/identities')
export class IdentitiesController {
  constructor(
    private readonly identities: UserIdentities,
    private readonly providers: ProviderSignIn,
    private readonly actor: ActorService,
  ) {}

  @Get()
  @ApiOkResponse({ type: [IdentityDto], description: 'The oldest first' })
  async list(): Promise<IdentityDto[]> {
    const identities = await this.identities.list(this.actor.id);
    return identities.map((identity) => new IdentityDto(identity));
  }

  @Post()
  @HttpCode(OK)
  @ApiOkResponse({ type: IdentityLinkDto, description: 'Send the browser there; it is linked when it has come back' })
  @ApiProblems(BAD_REQUEST, NOT_FOUND, SERVICE_UNAVAILABLE)
  async link(
    @Body() { provider, returnTo }: LinkIdentityDto,
    @Req() { headers: { cookie: header } }: RequestLike,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<IdentityLinkDto> {
    const { url, cookie } = await this.providers.begin({
      provider,
      linkToUserId: this.actor.id,
      ...(returnTo !== undefined && { returnTo }),
      ...(header !== undefined && { cookie: header }),
    });
    addCookie(response, cookie);
    return new IdentityLinkDto(url);
  }

  @Delete(':identityId')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'Nobody signs in by it any more' })
  @ApiProblems(BAD_REQUEST, NOT_FOUND, CONFLICT)
  async unlink(@Param('identityId', IdPipe) identityId: string): Promise<void> {
    await this.identities.unlink(this.actor.id, identityId);
  }
}
