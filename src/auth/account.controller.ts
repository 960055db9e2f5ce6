import { Body, Controller, Get, HttpCode, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type CookieResponse, SessionCookies } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { AccountDto, ChangeEmailDto, ConfirmedDto } from './account.dto.js';
import { AccountService } from './account.service.js';
import { RateLimited } from './rate-limit.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, CONFLICT, ACCEPTED, NO_CONTENT } = HttpStatus;

/** What people do with their own account. */
@ApiTags('account')
@ApiSignedIn()
@ApiProblems(UNAUTHORIZED, FORBIDDEN)
@Controller('auth')
export class AccountController {
  constructor(
    private readonly account: AccountService,
    private readonly cookies: SessionCookies,
  ) {}

  @Get('account')
  @ApiOkResponse({ type: AccountDto })
  async get(): Promise<AccountDto> {
    return new AccountDto(await this.account.get());
  }

  @Post('change-email')
  @RateLimited()
  @HttpCode(ACCEPTED)
  @ApiAcceptedResponse({
    description: 'A mail with a token is on its way to the new address: `/auth/verify-email` makes it yours',
  })
  @ApiProblems(BAD_REQUEST, CONFLICT)
  async changeEmail(@Body() change: ChangeEmailDto): Promise<void> {
    await this.account.changeEmail(change);
  }

  @Post('account/deactivation')
  @RateLimited()
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'All sessions have ended; an administrator can let you in again' })
  @ApiProblems(BAD_REQUEST, CONFLICT)
  async deactivate(
    @Body() { currentPassword }: ConfirmedDto,
    @Res({ passthrough: true }) response: CookieResponse,
  ): Promise<void> {
    await this.account.deactivate(currentPassword);
    this.cookies.clear(response);
  }

  @Post('account/deletion')
  @RateLimited()
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'The account is gone, with its memberships and all that is yours alone' })
  @ApiProblems(BAD_REQUEST, CONFLICT)
  async delete(@Body() { currentPassword }: ConfirmedDto, @Res({ passthrough: true }) response: CookieResponse): Promise<void> {
    await this.account.delete(currentPassword);
    this.cookies.clear(response);
  }
}
