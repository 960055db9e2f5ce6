import { Controller, Delete, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsEmail } from 'class-validator';
import { SystemAdmin } from 'nestjs-host-database/access';
import { UsersService } from 'nestjs-host-database/users';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { AccountDto } from './account.dto.js';

const { BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, NO_CONTENT, OK } = HttpStatus;

/** Who is looked for. */
class UsersQueryDto {
  @ApiProperty({ example: 'ada@example.com', format: 'email' })
  @IsEmail()
  readonly email!: string;
}

/** What administrators do with the accounts of people. */
@ApiTags('system users')
@ApiSignedIn()
@SystemAdmin()
@ApiProblems(BAD_REQUEST, UNAUTHORIZED, FORBIDDEN)
@Controller('system/users')
export class SystemUsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOkResponse({ type: [AccountDto], description: 'The one with this address, or none' })
  async find(@Query() { email }: UsersQueryDto): Promise<AccountDto[]> {
    const user = await this.users.findByEmail(email);
    return user ? [new AccountDto(user)] : [];
  }

  @Post(':userId/deactivate')
  @HttpCode(OK)
  @ApiOkResponse({ type: AccountDto, description: 'They are out, in every process; what they have stays' })
  @ApiProblems(NOT_FOUND, CONFLICT)
  async deactivate(@Param('userId', IdPipe) userId: string): Promise<AccountDto> {
    return new AccountDto(await this.users.deactivate(userId));
  }

  @Post(':userId/reactivate')
  @HttpCode(OK)
  @ApiOkResponse({ type: AccountDto, description: 'They can sign in again' })
  @ApiProblems(NOT_FOUND)
  async reactivate(@Param('userId', IdPipe) userId: string): Promise<AccountDto> {
    return new AccountDto(await this.users.reactivate(userId));
  }

  @Delete(':userId')
  @HttpCode(NO_CONTENT)
  @ApiNoContentResponse({ description: 'The account is gone, with its memberships and all that is theirs alone' })
  @ApiProblems(NOT_FOUND, CONFLICT)
  async delete(@Param('userId', IdPipe) userId: string): Promise<void> {
    await this.users.delete(userId);
  }
}
