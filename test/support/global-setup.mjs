import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabases, testUsers } from './leaks.mjs';
import { startPostgres } from './postgres-server.mjs';

/**
 * Starts the PostgreSQL of the contract tests, unless `TEST_DB_URL` names a server to use, and gives the tests a temporary directory of
 * their own, so that the teardown can tell what they leave behind.
 */
export default async function globalSetup() {
  const server = process.env.TEST_DB_URL ? undefined : await startPostgres();
  if (server) process.env.TEST_DB_URL = server.url;
  const directory = mkdtempSync(join(tmpdir(), 'host-database-tests-'));
  // A PostgreSQL that a test starts as root runs as another user, who has to get through to its files.
  chmodSync(directory, 0o711);
  // The last two are what Windows reads.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = directory;
  globalThis.hostDatabaseTests = { server, directory, databasesBefore: await testDatabases(), usersBefore: await testUsers() };
}
