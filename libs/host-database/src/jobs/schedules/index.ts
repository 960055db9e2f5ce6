import type { FactoryProvider, Provider } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { JobTime } from '../store/index.js';
import { JobScheduler } from './job-scheduler.js';
import { JobSchedulesService } from './job-schedules.service.js';
import { PostgresqlScheduleStore } from './postgresql.schedule-store.js';
import { ScheduleStore } from './schedule-store.interface.js';
import { ScheduleWriter } from './schedule-writer.js';
import { ScheduledJobsAccessor } from './scheduled-jobs.accessor.js';
import { ScheduledJobsExplorer } from './scheduled-jobs.explorer.js';
import { ScheduledJobsOrchestrator } from './scheduled-jobs.orchestrator.js';
import { ScheduledJobsRegistry } from './scheduled-jobs.registry.js';
import { SqliteScheduleStore } from './sqlite.schedule-store.js';

export { JobSchedule, MISSED_SLOT_POLICIES, type MissedSlotPolicy, type ScheduleSource } from './job-schedule.entity.js';
export { JobSchedulesService, type ListSchedulesFilter, type NewJobSchedule } from './job-schedules.service.js';
export type { ScheduleOptions } from './schedule-definition.js';
export { ScheduledJob, type ScheduledJobOptions } from './scheduled-job.decorator.js';
export {
  DuplicateScheduleError,
  InvalidScheduleError,
  ScheduleInCodeError,
  ScheduleNotFoundError,
  ScheduleWithoutHandlerError,
  ScheduleWithoutTenantError,
} from './schedules.errors.js';
export { type ScheduledSlot, slotOfKey } from './slot-key.js';

/** The schedules' statements for the database behind a connection. */
export function createScheduleStore(connection: DirectConnection, clock: Clock): ScheduleStore {
  const time = new JobTime(clock);
  return connection.type === 'sqlite' ? new SqliteScheduleStore(connection, time) : new PostgresqlScheduleStore(connection, time);
}

const scheduleStoreProvider: FactoryProvider<ScheduleStore> = {
  provide: ScheduleStore,
  inject: [DIRECT_CONNECTION, Clock],
  useFactory: createScheduleStore,
};

/** What the queue needs to have schedules. */
export const scheduleProviders: readonly Provider[] = [
  scheduleStoreProvider,
  ScheduleWriter,
  JobScheduler,
  JobSchedulesService,
  ScheduledJobsAccessor,
  ScheduledJobsExplorer,
  ScheduledJobsOrchestrator,
  ScheduledJobsRegistry,
];
