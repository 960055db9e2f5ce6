import { Body, Controller, Get, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { AddMemberDto, MemberDto } from './members.dto.js';
import { MembersService } from './members.service.js';

@ApiTags('members')
@ApiBearerAuth()
@ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.UNAUTHORIZED, HttpStatus.FORBIDDEN)
@Controller('workspaces/:workspaceId/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  @ApiOkResponse({ type: [MemberDto] })
  async list(@Param('workspaceId') workspaceId: string): Promise<MemberDto[]> {
    const members = await this.members.findAll(workspaceId);
    return members.map((member) => new MemberDto(member));
  }

  @Post()
  @ApiCreatedResponse({ type: MemberDto })
  @ApiProblems(HttpStatus.NOT_FOUND, HttpStatus.CONFLICT)
  async add(@Param('workspaceId') workspaceId: string, @Body() { email, role }: AddMemberDto): Promise<MemberDto> {
    return new MemberDto(await this.members.add({ workspaceId, email, role }));
  }
}
