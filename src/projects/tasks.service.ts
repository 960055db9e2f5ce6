import type { EntityRepository } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Clock } from 'nestjs-host-database';
import { InjectTenantRepository } from 'nestjs-host-database/tenant-databases';
import { TaskNotFoundError } from './projects.errors.js';
import { ProjectsService } from './projects.service.js';
import { Task } from './task.entity.js';

/** Where a task is. */
export interface TaskKey {
  readonly projectId: string;
  readonly taskId: string;
}

/** The tasks of the current workspace's projects. What a request changes is written when it ends well. */
@Injectable()
export class TasksService {
  constructor(
    @InjectTenantRepository(Task) private readonly tasks: EntityRepository<Task>,
    private readonly projects: ProjectsService,
    private readonly clock: Clock,
  ) {}

  /** @throws ProjectNotFoundError */
  async add(projectId: string, title: string): Promise<Task> {
    const project = await this.projects.getById(projectId);
    const task = this.tasks.create({ project, title });
    await this.tasks.getEntityManager().flush();
    return task;
  }

  /**
   * Returns the tasks of a project, the oldest first.
   *
   * @throws ProjectNotFoundError
   */
  async findByProject(projectId: string): Promise<Task[]> {
    const project = await this.projects.getById(projectId);
    return this.tasks.find({ project }, { orderBy: { id: 'asc' } });
  }

  /**
   * Marks a task as done. One that is done stays as it is.
   *
   * @throws TaskNotFoundError
   */
  async complete({ projectId, taskId }: TaskKey): Promise<Task> {
    const task = await this.tasks.findOne({ id: taskId, project: projectId });
    if (!task) throw new TaskNotFoundError(taskId);
    task.completedAt ??= this.clock.now();
    return task;
  }
}
