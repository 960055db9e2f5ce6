import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { genId, type HostDatabaseOptions } from 'nestjs-host-database';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { TenantAddresses } from 'nestjs-host-database/tenants';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { type DirectoryArena, openDirectoryArena, outcomeOf } from '../support/directory-arena.js';
import { type PostgresServer, startPostgres } from '../support/postgres-server.mjs';
import { until } from '../support/until.js';

// CHAOS=full: for a minute.
const AWAY_MS = isFullChaos ? 60_000 : 2_000;
const A_MINUTE_MS = 60_000;
const UNREACHABLE = 'DATABASE_UNREACHABLE';

/** Asks without a pause for as long as the host database is away; returns the different outcomes, and the slowest answer. */
async function askAway(
  ms: number,
  ask: () => Promise<string>,
): Promise<{ outcomes: string[]; slowestMs: number; asked: number }> {
  const outcomes = new Set<string>();
  let [asked, slowestMs] = [0, 0];
  for (const giveUpAt = performance.now() + ms; performance.now() < giveUpAt; asked++) {
    const since = performance.now();
    outcomes.add(await ask());
    slowestMs = Math.max(slowestMs, performance.now() - since);
    await new Promise(setImmediate);
  }
  return { outcomes: [...outcomes], slowestMs, asked };
}

describe('tenants while the host database is away', () => {
  let arena: DirectoryArena;
  let cleanUp: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const clean of cleanUp.toReversed()) await clean();
    cleanUp = [];
    jest.restoreAllMocks();
  });

  const open = async (type: 'sqlite' | 'postgresql', options: HostDatabaseOptions = {}, serverUrl?: string) => {
    arena = await openDirectoryArena(type, { ...options, ...(serverUrl !== undefined && { serverUrl }) });
    cleanUp.push(() => arena.close());
    await arena.hears();
  };
  const outcome = (id: string) => outcomeOf(arena.directory.getById(id));

  it('are served on postgresql, in databases of their own on another server; the suspended never, and the unknown later', async () => {
    const server: PostgresServer = await startPostgres({ durable: true });
    cleanUp.push(() => server.stop());
    const keys = { only: Buffer.alloc(32, 7) };
    // A short TTL: what is served has to be what was seen before it was over.
    const tenantDirectory = { ttlMs: 200, staleWhileDownMs: AWAY_MS + 10 * A_MINUTE_MS };
    await open('postgresql', { secrets: { keyId: 'only', keys }, tenantDirectory }, server.url);
    const { directory, host } = arena;
    const hot = await arena.newTenant();
    const elsewhere = new URL(process.env.TEST_DB_URL ?? '');
    elsewhere.pathname = '/postgres';
    const sealed = await arena.get(TenantAddresses).seal(hot.id, elsewhere.href);
    await host.run(async () => void Object.assign(await host.tenantCatalogs.findOneOrFail(hot.id), sealed));
    const suspended = await arena.newTenant();
    const cold = await arena.newTenant();
    await arena.suspend(suspended.id);
    await arena.hasHeard();
    const tenants = arena.get(TenantDatabases);
    const enter = () => tenants.run(hot.id, async (em) => String((await em.execute(`select 'served' as state`))[0]?.state));
    expect([await enter(), await outcome(suspended.id)]).toEqual(['served', 'suspended']);

    await server.crash();
    const away = await askAway(AWAY_MS, () => enter().catch(({ code }: { code?: string }) => String(code)));
    report(`host away for ${AWAY_MS} ms: ${away.asked} runs, the slowest ${Math.round(away.slowestMs)} ms`);
    expect(away.outcomes).toEqual(['served']);
    expect([await outcome(suspended.id), await outcome(cold.id)]).toEqual(['suspended', UNREACHABLE]);
    await expect(tenants.run(suspended.id, () => 'entered')).rejects.toMatchObject({ code: 'TENANTS_NOT_ACTIVE' });
    await expect(directory.getById(genId())).rejects.toMatchObject({ code: UNREACHABLE });

    await server.restart();
    await until(async () => (await outcome(cold.id)) === 'active');
    await until(() => directory.statistics().isHearing);
    await arena.suspend(hot.id);
    await until(async () => (await outcome(hot.id)) === 'suspended');
  }, 240_000);

  it('are refused on postgresql once it has been away for longer than staleWhileDownMs', async () => {
    const server: PostgresServer = await startPostgres({ durable: true });
    cleanUp.push(() => server.stop());
    await open('postgresql', { tenantDirectory: { ttlMs: 100, staleWhileDownMs: A_MINUTE_MS } }, server.url);
    const { id } = await arena.newTenant();
    await arena.hasHeard();
    expect(await outcome(id)).toBe('active');
    await server.crash();
    expect(await outcome(id)).toBe('active');
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + A_MINUTE_MS);
    await until(async () => (await outcome(id)) === UNREACHABLE);
    await server.restart();
    await until(async () => (await outcome(id)) === 'active');
  }, 240_000);

  it('are served on sqlite while the disk does not answer, and not because of any other error', async () => {
    await open('sqlite', { tenantDirectory: { ttlMs: 100 } });
    const [hot, suspended, cold] = [await arena.newTenant(), await arena.newTenant(), await arena.newTenant()];
    await arena.suspend(suspended.id);
    await arena.hasHeard();
    expect([await outcome(hot.id), await outcome(suspended.id)]).toEqual(['active', 'suspended']);
    const connection = arena.get(MikroORM).driver.getConnection() as AbstractSqlConnection;
    const file = (await connection.getNativeClient()) as { prepare: (sql: string) => unknown };
    const prepare = file.prepare.bind(file);
    const failWith = (code: string) => {
      file.prepare = () => {
        throw Object.assign(new Error(code), { name: 'SqliteError', code });
      };
    };

    failWith('SQLITE_IOERR');
    const away = await askAway(isFullChaos ? AWAY_MS : 500, () => outcome(hot.id));
    expect(away.outcomes).toEqual(['active']);
    expect([await outcome(suspended.id), await outcome(cold.id)]).toEqual(['suspended', UNREACHABLE]);
    expect(arena.directory.statistics().isDown).toBe(true);

    file.prepare = prepare;
    await until(async () => (await outcome(cold.id)) === 'active');
    // A damaged file answers: who is active in it is not known.
    failWith('SQLITE_CORRUPT');
    await until(async () => (await outcome(hot.id)) === 'SQLITE_CORRUPT');
    file.prepare = prepare;
    await until(async () => (await outcome(hot.id)) === 'active');
  }, 240_000);
});
