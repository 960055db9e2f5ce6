import { Body, Controller, HttpCode, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type CookieResponse, Public, type RequestLike, SessionSignIn } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { SessionDto, SignInDto, SignUpDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { RateLimited } from './rate-limit.js';
import { WhileImpersonating } from './while-impersonating.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, CONFLICT, NO_CONTENT, OK } = HttpStatus;

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly sessions: SessionSignIn,
  ) {}

  @Post('sign-up')
  @Public()
  @RateLimited()
  @ApiCreatedResponse({ type: SessionDto })
  @ApiProblems(BAD_REQUEST, FORBIDDEN, CONFLICT)
  async signUp(
    @Body() { transport = 'bearer', ...credentials }: SignUpDto,
    @Req() { headers }: RequestLike,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<SessionDto> {
    return new SessionDto(await this.auth.signUp(credentials, { transport, headers, response }));
  }

  @Post('sign-in')
  @Public()
  @RateLimited()
  @HttpCode(OK)
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(BAD_REQUEST, UNAUTHORIZED, FORBIDDEN)
  async signIn(
    @Body() { transport = 'bearer', ...credentials }: SignInDto,
    @Req() { headers }: RequestLike,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<SessionDto> {
    return new SessionDto(await this.auth.signIn(credentials, { transport, headers, response }));
  }

  @Post('sign-out')
  @HttpCode(NO_CONTENT)
  @WhileImpersonating()
  @ApiSignedIn()
  @ApiNoContentResponse({ description: 'The session has ended, in every process' })
  @ApiProblems(UNAUTHORIZED, FORBIDDEN)
  async signOut(@Req() { headers }: RequestLike, @Res({ passthrough: true }) response: CookieResponse): Promise<void> {
    await this.sessions.signOut({ headers, response });
  }
}
