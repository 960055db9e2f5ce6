import { HostDatabaseError } from 'nestjs-host-database';

/** The workspace has no project with this id. */
export class ProjectNotFoundError extends HostDatabaseError {
  readonly code = 'PROJECTS_NOT_FOUND';

  constructor(readonly projectId: string) {
    super(`There is no project ${projectId} in this workspace. Pass the id of one of its projects.`);
  }
}

/** The workspace has a project with this name. Nothing was written. */
export class DuplicateProjectNameError extends HostDatabaseError {
  readonly code = 'PROJECTS_DUPLICATE_NAME';

  constructor(
    readonly projectName: string,
    options?: ErrorOptions,
  ) {
    super(`The workspace has a project named '${projectName}' already. Choose another name.`, options);
  }
}

/** The project has no task with this id. */
export class TaskNotFoundError extends HostDatabaseError {
  readonly code = 'PROJECTS_TASK_NOT_FOUND';

  constructor(readonly taskId: string) {
    super(`There is no task ${taskId} in this project. Pass the id of one of its tasks.`);
  }
}
