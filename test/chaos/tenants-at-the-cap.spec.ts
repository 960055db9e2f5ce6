import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import type { DatabaseType } from 'nestjs-host-database';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { isFullChaos, report } from '../support/chaos-arena.js';

const EntrySchema = defineEntity({
  name: 'Entry',
  properties: { id: p.integer().primary().autoincrement(), owner: p.string(), sum: p.integer() },
});
class Entry extends EntrySchema.class {}
EntrySchema.setClass(Entry);

interface Crowd {
  readonly tenants: number;
  readonly workers: number;
  readonly rounds: number;
  readonly maxOpen: number;
  readonly poolMax: number;
  readonly maxConnections: number;
}

const CROWDS: Readonly<Record<DatabaseType, Crowd>> = isFullChaos
  ? {
      sqlite: { tenants: 1_000, workers: 200, rounds: 60, maxOpen: 50, poolMax: 1, maxConnections: 200 },
      postgresql: { tenants: 100, workers: 60, rounds: 40, maxOpen: 50, poolMax: 2, maxConnections: 40 },
    }
  : {
      sqlite: { tenants: 60, workers: 40, rounds: 8, maxOpen: 8, poolMax: 1, maxConnections: 200 },
      postgresql: { tenants: 10, workers: 16, rounds: 8, maxOpen: 50, poolMax: 2, maxConnections: 8 },
    };

/** What the process holds in memory, garbage not included. */
async function usedBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let time = 0; time < 4; time++) {
    collect();
    await delay(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe.each<DatabaseType>(['sqlite', 'postgresql'])('more tenants on %s than may be open', (database) => {
  const { tenants, workers, rounds, maxOpen, poolMax, maxConnections } = CROWDS[database];

  async function start(): Promise<{ host: TestHost; ids: string[] }> {
    const tenantDatabases = {
      entities: [Entry],
      maxOpen,
      maxConnections,
      idleTimeoutMs: 0,
      waitTimeoutMs: 120_000,
      pool: { min: 0, max: poolMax },
    };
    const host = await createTestHost({ database, options: { tenantDatabases } });
    const ids: string[] = [];
    for (let index = 0; index < tenants; index++) ids.push((await host.newTenant()).id);
    return { host, ids };
  }

  /** The tenants' connections, as the server counts them. SQLite has no server that could. */
  async function countConnections(host: TestHost, ids: readonly string[]): Promise<number> {
    if (database === 'sqlite') return 0;
    const sql = `select count(*)::int as connections from pg_stat_activity where datname = any(?)`;
    const names = `{${ids.map((id) => `tenant_${id}`).join(',')}}`;
    const [row] = await host.run(() => host.hostDatabase.em.execute<{ connections: number }[]>(sql, [names]));
    return row?.connections ?? 0;
  }

  // CHAOS=full: 1,000 tenants, 50 open, 200 workers.
  it(
    `stay within ${maxOpen} ORMs and ${maxConnections} connections, and no work is cut`,
    async () => {
      const { host, ids } = await start();
      const sut = host.get(TenantDatabases);
      await sut.run(ids[0] ?? '', () => undefined);
      const before = await usedBytes();
      let [mostOpen, mostConnections, mostAtServer] = [0, 0, 0];
      const over = new AbortController();
      const sample = () => {
        const { open, opening, closing, connections } = sut.statistics();
        mostOpen = Math.max(mostOpen, open + opening + closing);
        mostConnections = Math.max(mostConnections, connections);
      };
      const watching = (async () => {
        while (!over.signal.aborted) {
          let count = await countConnections(host, ids);
          // The server may need a moment until it is rid of those that have said goodbye.
          if (count > maxConnections) {
            await delay(1_000);
            count = await countConnections(host, ids);
          }
          mostAtServer = Math.max(mostAtServer, count);
          await delay(2);
        }
      })();

      const worker = async (seed: number) => {
        for (let round = 0; round < rounds; round++) {
          const owner = ids[(seed * 37 + round * 101) % ids.length] ?? '';
          await sut.run(owner, async (em) => {
            sample();
            await em.transactional(async (transaction) => {
              await transaction.insert(Entry, { owner, sum: 1 });
              await delay(seed % 3);
              sample();
              expect(await transaction.count(Entry, { owner: { $ne: owner } })).toBe(0);
            });
            await delay(seed % 2);
            expect(await em.count(Entry)).toBeGreaterThan(0);
          });
          sample();
        }
      };
      const beganAt = performance.now();
      const outcomes = await Promise.allSettled(Array.from({ length: workers }, (_, seed) => worker(seed)));
      const tookMs = performance.now() - beganAt;
      over.abort();
      await watching;
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);

      let written = 0;
      for (const id of ids) written += await sut.run(id, (em) => em.count(Entry, { owner: id }));
      const { openings, evictions } = sut.statistics();
      await host.close();
      // On the smaller scale what was compiled meanwhile weighs more.
      const most = before * (isFullChaos ? 1.05 : 1.25);
      let after = await usedBytes();
      // What is closed may be let go of a little later.
      for (const giveUpAt = performance.now() + 30_000; after >= most && performance.now() < giveUpAt;) after = await usedBytes();
      report(
        `${tenants} tenants on ${database}, ${workers} workers: at most ${mostOpen} ORMs, ${mostConnections} connections (${mostAtServer} by the ` +
          `server's count), ${openings} openings, ${evictions} evictions, ${Math.round(tookMs)} ms; ` +
          `memory ${(before / 2 ** 20).toFixed(1)} MB before, ${(after / 2 ** 20).toFixed(1)} MB after`,
      );
      expect(written).toBe(workers * rounds);
      const room = Math.min(maxOpen, database === 'sqlite' ? maxConnections : Math.floor(maxConnections / poolMax));
      expect(mostOpen).toBe(room);
      expect(mostConnections).toBe(room * (database === 'sqlite' ? 1 : poolMax));
      expect(mostAtServer).toBeLessThanOrEqual(maxConnections);
      expect(mostAtServer > 0).toBe(database === 'postgresql');
      expect(evictions).toBeGreaterThan(tenants - room);
      expect(sut.statistics()).toMatchObject({ open: 0, opening: 0, closing: 0, connections: 0 });
      expect(after).toBeLessThan(most);
    },
    isFullChaos ? 900_000 : 240_000,
  );
});
