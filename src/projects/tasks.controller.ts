import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from 'nestjs-host-database/access';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { AddTaskDto, TaskDto } from './tasks.dto.js';
import { TasksService } from './tasks.service.js';
import { WorkspaceScoped } from './workspace-scoped.decorator.js';

@ApiTags('tasks')
@RequirePermission('projects.read')
@WorkspaceScoped()
@ApiProblems(HttpStatus.NOT_FOUND)
@Controller('workspaces/:workspaceId/projects/:projectId/tasks')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  @Post()
  @RequirePermission('projects.write')
  @ApiCreatedResponse({ type: TaskDto })
  async add(@Param('projectId', IdPipe) projectId: string, @Body() { title }: AddTaskDto): Promise<TaskDto> {
    return new TaskDto(await this.tasks.add(projectId, title));
  }

  @Get()
  @ApiOkResponse({ type: [TaskDto] })
  async list(@Param('projectId', IdPipe) projectId: string): Promise<TaskDto[]> {
    const tasks = await this.tasks.findByProject(projectId);
    return tasks.map((task) => new TaskDto(task));
  }

  @Post(':taskId/complete')
  @RequirePermission('projects.write')
  @HttpCode(HttpStatus.OK)
  @ApiOkResponse({ type: TaskDto })
  async complete(@Param('projectId', IdPipe) projectId: string, @Param('taskId', IdPipe) taskId: string): Promise<TaskDto> {
    return new TaskDto(await this.tasks.complete({ projectId, taskId }));
  }
}
