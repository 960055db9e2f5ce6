import type { FactoryProvider } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { JobStore } from './job-store.interface.js';
import { JobTime } from './job-time.js';
import { PostgresqlJobStore } from './postgresql/postgresql.job-store.js';
import { SqliteJobStore } from './sqlite/sqlite.job-store.js';

export * from './job-statistics.interface.js';
export * from './job-store.interface.js';
export { JobTime } from './job-time.js';

/** The statements of the queue for the database behind a connection. */
export function createJobStore(connection: DirectConnection, clock: Clock): JobStore {
  const time = new JobTime(clock);
  return connection.type === 'sqlite' ? new SqliteJobStore(connection, time) : new PostgresqlJobStore(connection, time);
}

/** The statements of the queue for the database of this application. */
export const jobStoreProvider: FactoryProvider<JobStore> = {
  provide: JobStore,
  inject: [DIRECT_CONNECTION, Clock],
  useFactory: createJobStore,
};
