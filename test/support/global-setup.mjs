import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres-server.mjs';

/**
 * Starts the PostgreSQL of the contract tests, unless `TEST_DB_URL` names a server to use, and gives the tests a temporary directory of
 * their own, so that the teardown can tell what they leave behind.
 */
export default async function globalSetup() {
  if (!process.env.TEST_DB_URL) {
    const server = await startPostgres();
    process.env.TEST_DB_URL = server.url;
    globalThis.__HOST_DATABASE_TEST_SERVER__ = server;
  }
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'host-database-tests-'));
}
