import { isId } from '../../common/index.js';
import type { PostgresqlDirectConnection, PostgresqlQuery } from '../../database/index.js';
import { scopeOf } from '../integrity/index.js';
import {
  assertSameHeads,
  type ChainHead,
  CHECKPOINT_COLUMNS,
  checkpointValues,
  idsOf,
  inOrder,
  isAfter,
  type NewCheckpoint,
  type RoundOptions,
  type RoundOutcome,
  SealedByAnotherError,
  type SealingRound,
  SealingStore,
  type UnsealedRow,
} from './sealing-store.js';

/** `audit` in ASCII: whoever has it, stores checkpoints. Let go of at the end of the transaction, also that of a process that died. */
const SEALING_LOCK = 0x6175646974;

/** A round is stored in one transaction, which holds an advisory lock. */
export class PostgresqlSealingStore extends SealingStore {
  constructor(private readonly connection: PostgresqlDirectConnection) {
    super();
  }

  async round(options: RoundOptions, seal: (round: SealingRound) => Promise<readonly NewCheckpoint[]>): Promise<RoundOutcome> {
    const { query } = this.connection;
    const list = await readRows(query, options);
    if (list.length === 0) return { state: 'done', rows: list, checkpoints: [] };
    const heads = await readHeads(query, list);
    const sealedBefore = await readSealed(query, list);
    // What another process has sealed since the list was read is not in the list any more.
    if (sealedBefore.size > 0 && !(await areListed(query, sealedBefore))) return { state: 'busy' };
    const rows = list.map((row) => Object.assign(row, { isSealed: sealedBefore.has(row.id) }));
    const checkpoints = await seal({ rows, heads });
    if (checkpoints.length === 0 && sealedBefore.size === 0) return { state: 'done', rows, checkpoints };
    try {
      await this.connection.transaction(async (inTransaction) => {
        const [lock] = await inTransaction<{ has: boolean }>('select pg_try_advisory_xact_lock($1) as has', [SEALING_LOCK]);
        if (!lock?.has) throw new SealedByAnotherError();
        assertSameHeads(checkpoints, heads, await readHeads(inTransaction, rows));
        await insert(inTransaction, checkpoints);
        await removeFromList(inTransaction, checkpoints.flatMap(idsOf));
        await inTransaction('delete from sys_audit_unsealed where log_id = any($1)', [[...sealedBefore]]);
      });
    } catch (error) {
      if (error instanceof SealedByAnotherError) return { state: 'busy' };
      throw error;
    }
    return { state: 'done', rows, checkpoints };
  }
}

/** In two steps: a join might read all of the log, by statistics of a moment at which the list was long. */
async function readRows(query: PostgresqlQuery, { after, limit }: RoundOptions): Promise<UnsealedRow[]> {
  const list = await query<{ id: string }>(
    `select log_id as id from sys_audit_unsealed where log_id ${isAfter(after)} $1 order by log_id limit $2`,
    [after, limit],
  );
  if (list.length === 0) return [];
  const ids = list.map(({ id }) => id);
  const found = await query<UnsealedRow>(
    `select id, tenant_id as "tenantId", canonical, leaf_hash as "leafHash" from sys_audit_logs
     where id = any($1) and id between $2 and $3`,
    [ids, ids[0], ids.at(-1)],
  );
  const byId = new Map(found.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? { id, tenantId: null, canonical: null, leafHash: null });
}

async function readHeads(query: PostgresqlQuery, rows: readonly UnsealedRow[]): Promise<Map<string, ChainHead>> {
  const scopes = [...new Set(rows.map(({ tenantId }) => scopeOf(tenantId)))];
  const heads = await query<ChainHead>(
    `select wanted.scope, head.seq, head.hash from unnest($1::text[]) as wanted(scope) cross join lateral (
       select seq, hash from sys_audit_checkpoints where scope = wanted.scope order by seq desc limit 1) as head`,
    [scopes],
  );
  return new Map(heads.map((head) => [head.scope, head]));
}

/**
 * The rows that a checkpoint of their scope holds already. One whose range holds the id need not hold the row, since ranges overlap; a new
 * row is behind all ranges, and that is found at once.
 */
async function readSealed(query: PostgresqlQuery, rows: readonly UnsealedRow[]): Promise<Set<string>> {
  // What is no id could be found in the middle of one.
  const some = rows.filter(({ id }) => isId(id));
  const found = await query<{ id: string }>(
    `select wanted.id from unnest($1::text[], $2::text[]) as wanted(id, scope) where exists (
       select 1 from sys_audit_checkpoints as held where held.scope = wanted.scope and held.last_id >= wanted.id
         and held.first_id <= wanted.id and strpos(held.manifest, wanted.id || ':') > 0)`,
    [some.map(({ id }) => id), some.map(({ tenantId }) => scopeOf(tenantId))],
  );
  return new Set(found.map(({ id }) => id));
}

async function areListed(query: PostgresqlQuery, ids: ReadonlySet<string>): Promise<boolean> {
  const listed = await query('select 1 from sys_audit_unsealed where log_id = any($1)', [[...ids]]);
  return listed.length === ids.size;
}

async function insert(query: PostgresqlQuery, checkpoints: readonly NewCheckpoint[]): Promise<void> {
  if (checkpoints.length === 0) return;
  const [newest] = await query<{ id: string | null }>('select max(id) as id from sys_audit_checkpoints');
  const rows = inOrder(checkpoints, newest?.id ?? '').map((checkpoint) => checkpointValues(checkpoint, (iso) => iso));
  const columns = rows[0]!.map((_, column) => rows.map((row) => row[column]));
  await query(
    `insert into sys_audit_checkpoints (${CHECKPOINT_COLUMNS}) select * from unnest($1::text[], $2::text[], $3::int[], $4::int[],
       $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[])`,
    columns,
  );
}

async function removeFromList(query: PostgresqlQuery, ids: readonly string[]): Promise<void> {
  const removed = await query('delete from sys_audit_unsealed where log_id = any($1) returning 1', [ids]);
  // Somebody else works on the list: a row would be in two checkpoints.
  if (removed.length !== ids.length) throw new SealedByAnotherError();
}
