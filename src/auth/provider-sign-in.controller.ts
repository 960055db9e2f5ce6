import { Controller, Get, HttpStatus, Param, Query, Redirect, Req, Res } from '@nestjs/common';
import { ApiFoundResponse, ApiOkResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import { addCookie, type CookieResponse, ProviderSignIn, Public, type RequestLike } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { RateLimited } from './rate-limit.js';
import { SessionOpener } from './session-opener.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, FOUND, SERVICE_UNAVAILABLE } = HttpStatus;

/** Where to send a browser. */
interface Redirection {
  readonly url: string;
}

@ApiTags('auth')
@Public()
@RateLimited()
@ApiProblems(BAD_REQUEST, NOT_FOUND, SERVICE_UNAVAILABLE)
@Controller('auth')
export class ProviderSignInController {
  constructor(
    private readonly providers: ProviderSignIn,
    private readonly opener: SessionOpener,
  ) {}

  @Get('providers')
  @ApiOkResponse({
    type: [String],
    description: 'By whom people can sign in; send the browser to `/auth/providers/` and one of them',
  })
  list(): string[] {
    return this.providers.providers;
  }

  @Get('providers/:provider')
  @Redirect(undefined, FOUND)
  @ApiQuery({ name: 'returnTo', required: false, description: 'A path of the application, to come back to' })
  @ApiFoundResponse({ description: 'To the provider' })
  async begin(
    @Param('provider') provider: string,
    @Query('returnTo') returnTo: unknown,
    @Req() { headers: { cookie } }: RequestLike,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<Redirection> {
    const begun = await this.providers.begin({
      provider,
      ...(typeof returnTo === 'string' && { returnTo }),
      ...(cookie !== undefined && { cookie }),
    });
    addCookie(response, begun.cookie);
    return { url: begun.url };
  }

  @Get(':provider/callback')
  @Redirect(undefined, FOUND)
  @ApiFoundResponse({ description: 'To where the person wanted to go, with the cookie of a session if they have signed in' })
  @ApiProblems(UNAUTHORIZED, FORBIDDEN, CONFLICT)
  async finish(
    @Param('provider') provider: string,
    @Query() params: Record<string, unknown>,
    @Req() { headers }: RequestLike,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<Redirection> {
    const { user, returnTo, linked } = await this.providers.finish({ provider, params, cookie: headers.cookie });
    // Who has added an identity to their account is signed in already, and in some other way perhaps.
    if (!linked) await this.opener.open(user, { transport: 'cookie', headers, response });
    return { url: returnTo };
  }
}
