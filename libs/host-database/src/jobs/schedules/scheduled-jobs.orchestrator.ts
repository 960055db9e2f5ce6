import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { JobScheduler } from './job-scheduler.js';
import { ScheduleWriter } from './schedule-writer.js';
import { ScheduledJobsRegistry } from './scheduled-jobs.registry.js';
import { DuplicateScheduleError } from './schedules.errors.js';

/** Writes the schedules of the code when the application has started. */
@Injectable()
export class ScheduledJobsOrchestrator implements OnApplicationBootstrap {
  constructor(
    private readonly registry: ScheduledJobsRegistry,
    private readonly writer: ScheduleWriter,
    private readonly scheduler: JobScheduler,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const { definition, method } of this.registry.all) {
      const schedule = await this.unitOfWork.run(() => this.writer.write(definition, 'code'));
      if (!schedule) throw new DuplicateScheduleError(definition.name, [method, 'one that JobSchedulesService has stored']);
    }
    this.scheduler.changed();
  }
}
