import { type FactoryProvider, Logger } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { JobHandlersRegistry } from '../job-handlers.registry.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { queuesOf } from '../worker/queue-settings.js';
import { JobSignals } from './job-signals.interface.js';
import { PostgresqlJobSignals } from './postgresql.job-signals.js';
import { SqliteJobSignals } from './sqlite.job-signals.js';

export { type JobSignal, JobSignals } from './job-signals.interface.js';

/** How the processes of this application tell each other of work. */
export const jobSignalsProvider: FactoryProvider<JobSignals> = {
  provide: JobSignals,
  inject: [DIRECT_CONNECTION, JOBS_OPTIONS, JobHandlersRegistry],
  useFactory: (connection: DirectConnection, options: JobsOptions, registry: JobHandlersRegistry) =>
    connection.type === 'sqlite'
      ? new SqliteJobSignals(connection, () => queuesOf(options, registry))
      : new PostgresqlJobSignals(connection, options.notifications, new Logger('Jobs')),
};
