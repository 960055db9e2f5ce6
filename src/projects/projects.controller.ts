import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CreateProjectDto, ProjectDto, UpdateProjectDto } from './projects.dto.js';
import { ProjectsService } from './projects.service.js';
import { WorkspaceScoped } from './workspace-scoped.decorator.js';

@ApiTags('projects')
@RequirePermission('projects.read')
@WorkspaceScoped()
@Controller('workspaces/:workspaceId/projects')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  @Post()
  @RequirePermission('projects.write')
  @ApiCreatedResponse({ type: ProjectDto })
  @ApiProblems(HttpStatus.CONFLICT)
  async create(@Body() facts: CreateProjectDto): Promise<ProjectDto> {
    return new ProjectDto(await this.projects.create(facts));
  }

  @Get()
  @ApiOkResponse({ type: [ProjectDto] })
  async list(): Promise<ProjectDto[]> {
    const projects = await this.projects.findAll();
    return projects.map((project) => new ProjectDto(project));
  }

  @Get(':projectId')
  @ApiOkResponse({ type: ProjectDto })
  @ApiProblems(HttpStatus.NOT_FOUND)
  async get(@Param('projectId', IdPipe) projectId: string): Promise<ProjectDto> {
    return new ProjectDto(await this.projects.getById(projectId));
  }

  @Patch(':projectId')
  @RequirePermission('projects.write')
  @ApiOkResponse({ type: ProjectDto })
  @ApiProblems(HttpStatus.NOT_FOUND, HttpStatus.CONFLICT)
  async update(@Param('projectId', IdPipe) projectId: string, @Body() changes: UpdateProjectDto): Promise<ProjectDto> {
    return new ProjectDto(await this.projects.update(projectId, changes));
  }

  @Delete(':projectId')
  @RequirePermission('projects.write')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblems(HttpStatus.NOT_FOUND)
  async delete(@Param('projectId', IdPipe) projectId: string): Promise<void> {
    await this.projects.delete(projectId);
  }
}
