import { startPostgres } from './postgres-server.mjs';

/** Starts the PostgreSQL of the contract tests, unless `TEST_DB_URL` names a server to use. */
export default async function globalSetup() {
  if (process.env.TEST_DB_URL) return;
  const server = await startPostgres();
  process.env.TEST_DB_URL = server.url;
  globalThis.__HOST_DATABASE_TEST_SERVER__ = server;
}
