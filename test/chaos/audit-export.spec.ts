import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type DatabaseType, genId } from 'nestjs-host-database';
import { type ChaosArena, inArena, isFullChaos, report } from '../support/chaos-arena.js';
import { startProgram } from '../support/child-process.js';

const ROWS = isFullChaos ? 1_000_000 : 20_000;
const MAX_GROWTH_MB = 64;
const MAX_LIVE_GROWTH_MB = 8;
const WRITE_EVERY_MS = 2;
const SCOPE = genId();
/** A row is about as long as one of a change with its before and after. */
const PADDING = 'x'.repeat(400);

interface Export {
  readonly expected: number;
  readonly later: number;
  readonly outOfOrder: number;
  readonly rssGrowthMb: number;
  readonly heapGrowthMb: number;
  /** What is left after a garbage collection. */
  readonly liveGrowthMb: number;
}

describe.each<DatabaseType>(['sqlite', 'postgresql'])('an export on %s while others write', (type) => {
  // CHAOS=full: of a million rows.
  it.each(['jsonl', 'csv'])(
    'of %s has every row once, in memory that does not grow with them',
    async (format) => {
      await inArena(type, async (arena) => {
        await fill(arena);
        const [last] = await arena.query<{ id: string }>('select max(id) as id from sys_audit_logs');
        const writing = new AbortController();
        const writers = [write(arena, writing.signal), write(arena, writing.signal)];
        const env = {
          DATABASE: JSON.stringify(arena.options),
          FORMAT: format,
          SCOPE,
          LAST_ID: String(last?.id),
        };
        // The collector's own threads would fall behind where others have the processors, and garbage pile up.
        const { code, stdout, stderr } = await startProgram('export-audit-log', { env, flags: ['--single-threaded-gc'] }).ended;
        writing.abort();
        const written = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        const result = JSON.parse(stdout) as Export;
        report(`audit export as ${format} on ${type}, ${written} rows written meanwhile: ${stdout}`);

        expect(written).toBeGreaterThan(0);
        expect(result).toMatchObject({ expected: ROWS, outOfOrder: 0 });
        expect(result.rssGrowthMb).toBeLessThan(MAX_GROWTH_MB);
        expect(result.heapGrowthMb).toBeLessThan(MAX_GROWTH_MB);
        expect(result.liveGrowthMb).toBeLessThan(MAX_LIVE_GROWTH_MB);
      });
    },
    isFullChaos ? 600_000 : 240_000,
  );
});

/** Rows of the last minutes, by the database itself: what is measured is reading them. */
async function fill({ type, query }: ChaosArena): Promise<void> {
  const columns = 'id, tenant_id, event_type, details, canonical, leaf_hash, created_at';
  const begin = Date.now() - ROWS;
  const details = JSON.stringify({ after: { name: PADDING } });
  if (type === 'postgresql') {
    await query(
      `insert into sys_audit_logs (${columns})
        select lpad(to_hex(${begin} + i), 12, '0') || lpad(to_hex(i), 20, '0'), '${SCOPE}', 'users.updated', '${details}',
          '{"v":1,"details":${details},"id":"' || i || '"}', encode(sha256(i::text::bytea), 'hex'), now()
        from generate_series(1, ${ROWS}) as i`,
    );
    return;
  }
  await query(
    `insert into sys_audit_logs (${columns})
      with recursive series(i) as (select 1 union all select i + 1 from series where i < ${ROWS})
      select printf('%012x%020x', ${begin} + i, i), '${SCOPE}', 'users.updated', '${details}',
        '{"v":1,"details":${details},"id":"' || i || '"}', printf('%064x', i), ${begin} + i
      from series`,
  );
}

/** Adds rows of the scope until it is told to stop, and returns how many. */
async function write({ query, type }: ChaosArena, signal: AbortSignal): Promise<number> {
  const now = () => (type === 'sqlite' ? Date.now() : new Date());
  let count = 0;
  for (; !signal.aborted; count++) {
    await query(
      `insert into sys_audit_logs (id, tenant_id, event_type, canonical, leaf_hash, created_at) values (?, ?, ?, '{}', ?, ?)`,
      [genId(), SCOPE, 'users.updated', 'a'.repeat(64), now()],
    );
    await delay(WRITE_EVERY_MS);
  }
  return count;
}
