import { readdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { testConnections, testDatabases, testUsers } from './leaks.mjs';

const LOOK_AGAIN_MS = 500;
const MOST_LOOKS = 20;

/** The server may need a moment until it is rid of those that have said goodbye. */
async function connectionsLeft() {
  for (let looks = 1; ; looks++) {
    const left = await testConnections();
    if (left.length === 0 || looks === MOST_LOOKS) return left;
    await delay(LOOK_AGAIN_MS);
  }
}

/** Fails the run for a file, a database or a connection that a test has left behind, and stops the PostgreSQL of the set-up. */
export default async function globalTeardown() {
  const { server, directory, databasesBefore, usersBefore } = globalThis.hostDatabaseTests;
  const databases = (await testDatabases()).filter((name) => !databasesBefore.includes(name));
  const users = (await testUsers()).filter((name) => !usersBefore.includes(name));
  const leaked = [
    ...readdirSync(directory).map((name) => `the file ${name}`),
    ...databases.map((name) => `the database ${name}`),
    ...users.map((name) => `the database user ${name}`),
    ...(await connectionsLeft()).map((name) => `a connection to ${name}`),
  ];
  rmSync(directory, { recursive: true, force: true });
  await server?.stop();
  if (leaked.length > 0) throw new Error(`The tests have left behind: ${leaked.join(', ')}`);
}
