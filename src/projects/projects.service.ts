import { type EntityRepository, UniqueConstraintViolationException } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { InjectTenantRepository } from 'nestjs-host-database/tenant-databases';
import { Project } from './project.entity.js';
import { DuplicateProjectNameError, ProjectNotFoundError } from './projects.errors.js';

/** A project to be. */
export interface NewProject {
  readonly name: string;
  readonly description?: string | null;
}

/** The projects of the current workspace: the repository reaches the database of the tenant that the request is in. */
@Injectable()
export class ProjectsService {
  constructor(@InjectTenantRepository(Project) private readonly projects: EntityRepository<Project>) {}

  /** @throws DuplicateProjectNameError */
  async create({ name, description = null }: NewProject): Promise<Project> {
    return this.save(this.projects.create({ name, description }));
  }

  /** Returns all projects, the oldest first. */
  async findAll(): Promise<Project[]> {
    return this.projects.findAll({ orderBy: { id: 'asc' } });
  }

  /** @throws ProjectNotFoundError */
  async getById(projectId: string): Promise<Project> {
    const project = await this.projects.findOne({ id: projectId });
    if (!project) throw new ProjectNotFoundError(projectId);
    return project;
  }

  /** @throws ProjectNotFoundError, DuplicateProjectNameError */
  async update(projectId: string, { name, description }: Partial<NewProject>): Promise<Project> {
    const project = await this.getById(projectId);
    if (name !== undefined) project.name = name;
    if (description !== undefined) project.description = description;
    return this.save(project);
  }

  /**
   * Deletes a project with its tasks.
   *
   * @throws ProjectNotFoundError
   */
  async delete(projectId: string): Promise<void> {
    this.projects.getEntityManager().remove(await this.getById(projectId));
  }

  private async save(project: Project): Promise<Project> {
    try {
      // Flushed here rather than when the request ends, to tell what the database says of the name.
      await this.projects.getEntityManager().flush();
    } catch (cause) {
      if (cause instanceof UniqueConstraintViolationException) throw new DuplicateProjectNameError(project.name, { cause });
      throw cause;
    }
    return project;
  }
}
