import { Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { CredentialsDto, SessionDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { Public } from './public.decorator.js';

@ApiTags('auth')
@Public()
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('sign-up')
  @ApiCreatedResponse({ type: SessionDto })
  @ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.CONFLICT)
  async signUp(@Body() credentials: CredentialsDto): Promise<SessionDto> {
    return new SessionDto(await this.auth.signUp(credentials));
  }

  @Post('sign-in')
  @HttpCode(HttpStatus.OK)
  @ApiOkResponse({ type: SessionDto })
  @ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.UNAUTHORIZED)
  async signIn(@Body() credentials: CredentialsDto): Promise<SessionDto> {
    return new SessionDto(await this.auth.signIn(credentials));
  }
}
