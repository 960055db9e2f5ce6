import { HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import type { AuditOptions } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import type { ScratchDatabase } from './scratch-database.js';

/** Starts a host on a database that a test has made itself: a file on SQLite, and one that several hosts share. */
export function hostOn(
  scratch: ScratchDatabase,
  audit: Partial<AuditOptions>,
  more: Partial<HostDatabaseOptions> = {},
): Promise<TestHost> {
  return createTestHost({
    application: (options) => HostDatabaseModule.forRoot({ ...options, ...more, database: scratch.options, audit }),
  });
}
