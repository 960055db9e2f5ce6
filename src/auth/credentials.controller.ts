import { Body, Controller, HttpCode, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type CookieResponse, Public, type RequestLike } from 'nestjs-host-database/access';
import { EmailVerification, PasswordReset } from 'nestjs-host-database/users';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { ActorService } from './actor.service.js';
import { SessionDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { ChangePasswordDto, ForgottenPasswordDto, MailedTokenDto, ResetPasswordDto } from './credentials.dto.js';
import { RateLimited } from './rate-limit.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, CONFLICT, ACCEPTED, NO_CONTENT, OK } = HttpStatus;

@ApiTags('auth')
@RateLimited()
@Controller('auth')
export class CredentialsController {
  constructor(
    private readonly auth: AuthService,
    private readonly verification: EmailVerification,
    private readonly reset: PasswordReset,
    private readonly actor: ActorService,
  ) {}

  @Post('verify-email/send')
  @HttpCode(ACCEPTED)
  @ApiSignedIn()
  @ApiAcceptedResponse({ description: 'A mail with a token is on its way, unless the address is verified' })
  @ApiProblems(UNAUTHORIZED, FORBIDDEN)
  async sendVerification(): Promise<void> {
    await this.verification.request(this.actor.id);
  }

  @Post('verify-email')
  @Public()
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'The address is verified' })
  @ApiProblems(BAD_REQUEST, CONFLICT)
  async verifyEmail(@Body() { token }: MailedTokenDto): Promise<void> {
    await this.verification.confirm(token);
  }

  @Post('forgotten-password')
  @Public()
  @HttpCode(ACCEPTED)
  @ApiAcceptedResponse({ description: 'A mail with a token is on its way, if somebody has this address' })
  @ApiProblems(BAD_REQUEST)
  async forgotPassword(@Body() { email }: ForgottenPasswordDto): Promise<void> {
    await this.reset.request(email);
  }

  @Post('reset-password')
  @Public()
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'The password is another one, and all sessions have ended: sign in' })
  @ApiProblems(BAD_REQUEST)
  async resetPassword(@Body() newPassword: ResetPasswordDto): Promise<void> {
    await this.reset.confirm(newPassword);
  }

  @Post('change-password')
  @HttpCode(OK)
  @ApiSignedIn()
  @ApiOkResponse({ type: SessionDto, description: 'All sessions have ended; this is the one in place of that which asked' })
  @ApiProblems(BAD_REQUEST, UNAUTHORIZED, FORBIDDEN)
  async changePassword(
    @Body() change: ChangePasswordDto,
    @Req() { headers }: RequestLike,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<SessionDto> {
    return new SessionDto(await this.auth.changePassword(change, { headers, response }));
  }
}
