/** Stops the PostgreSQL that the set-up has started. */
export default async function globalTeardown() {
  await globalThis.__HOST_DATABASE_TEST_SERVER__?.stop();
}
