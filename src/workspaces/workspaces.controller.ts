import { Body, Controller, Get, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ApiSignedIn } from '../http/api-signed-in.decorator.js';
import { CreateWorkspaceDto, WorkspaceDto } from './workspaces.dto.js';
import { WorkspacesService } from './workspaces.service.js';

/** What the responses of both adapters have in common. */
interface StatusSetter {
  status(code: number): unknown;
}

@ApiTags('workspaces')
@ApiSignedIn()
@ApiProblems(HttpStatus.UNAUTHORIZED)
@Controller('workspaces')
export class WorkspacesController {
  constructor(private readonly workspaces: WorkspacesService) {}

  @Post()
  @ApiCreatedResponse({ type: WorkspaceDto, description: 'Ready to be worked in' })
  @ApiAcceptedResponse({
    type: WorkspaceDto,
    description: 'Its database is still being made; the list of workspaces tells when it is active',
  })
  @ApiProblems(HttpStatus.BAD_REQUEST, HttpStatus.CONFLICT, HttpStatus.SERVICE_UNAVAILABLE)
  async create(@Body() facts: CreateWorkspaceDto, @Res({ passthrough: true }) response: StatusSetter): Promise<WorkspaceDto> {
    const workspace = new WorkspaceDto(await this.workspaces.create(facts));
    if (workspace.status === 'provisioning') response.status(HttpStatus.ACCEPTED);
    return workspace;
  }

  @Get()
  @ApiOkResponse({ type: [WorkspaceDto] })
  async list(): Promise<WorkspaceDto[]> {
    const workspaces = await this.workspaces.findMine();
    return workspaces.map((workspace) => new WorkspaceDto(workspace));
  }
}
