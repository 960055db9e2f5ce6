import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { JobSignals } from '../signals/index.js';
import { ScheduleWriter } from './schedule-writer.js';
import { ScheduledJobsRegistry } from './scheduled-jobs.registry.js';
import { DuplicateScheduleError } from './schedules.errors.js';

const RETRIES = 10;

/** Writes the schedules of the code when the application has started. */
@Injectable()
export class ScheduledJobsOrchestrator implements OnApplicationBootstrap {
  constructor(
    private readonly registry: ScheduledJobsRegistry,
    private readonly writer: ScheduleWriter,
    private readonly signals: JobSignals,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    for (const { definition, method } of this.registry.all) {
      const schedule = await this.unitOfWork.run(() =>
        // Processes that start together write the same schedules.
        this.unitOfWork.transactional(() => this.writer.write(definition, 'code'), { retries: RETRIES }),
      );
      if (!schedule) throw new DuplicateScheduleError(definition.name, [method, 'one that JobSchedulesService has stored']);
    }
    if (this.registry.names.length > 0) this.signals.send({ hasScheduled: true });
  }
}
