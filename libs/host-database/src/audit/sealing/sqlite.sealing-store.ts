import { isId } from '../../common/index.js';
import type { SqliteDirectConnection } from '../../database/index.js';
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

const readRowsAfter = (after: string) => `
  select list.id, log.tenant_id as tenantId, log.canonical, log.leaf_hash as leafHash
  from (select log_id as id from sys_audit_unsealed where log_id ${isAfter(after)} ? order by log_id limit ?) as list
  left join sys_audit_logs as log on log.id = list.id order by list.id`;
const READ_HEAD = 'select scope, seq, hash from sys_audit_checkpoints where scope = ? order by seq desc limit 1';
const INSERT = `insert into sys_audit_checkpoints (${CHECKPOINT_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const READ_NEWEST = 'select max(id) as id from sys_audit_checkpoints';
/** A checkpoint whose range holds the id need not hold the row: ranges overlap. A new row is behind all ranges, and found at once. */
const IS_SEALED = `select 1 from sys_audit_checkpoints
  where scope = ? and last_id >= ? and first_id <= ? and instr(manifest, ? || ':') > 0 limit 1`;
const IS_LISTED = 'select 1 from sys_audit_unsealed where log_id = ?';
const REMOVE = 'delete from sys_audit_unsealed where log_id = ?';

/** A round is stored in one transaction that has the write lock. */
export class SqliteSealingStore extends SealingStore {
  constructor(private readonly connection: SqliteDirectConnection) {
    super();
  }

  async round(
    { after, limit }: RoundOptions,
    seal: (round: SealingRound) => Promise<readonly NewCheckpoint[]>,
  ): Promise<RoundOutcome> {
    const round = await this.connection.read((db) => {
      const list = db.prepare<UnsealedRow>(readRowsAfter(after)).all(after, limit);
      const rows = list.map((row) => Object.assign(row, { isSealed: isSealed(db, row) }));
      const heads = readHeads(db, new Set(rows.map(({ tenantId }) => scopeOf(tenantId))));
      // What another process has sealed since the list was read is not in the list any more.
      const isOvertaken = rows.some((row) => row.isSealed && db.prepare(IS_LISTED).get(row.id) === undefined);
      return { rows, heads, isOvertaken };
    });
    const { rows, heads, isOvertaken } = round;
    if (isOvertaken) return { state: 'busy' };
    if (rows.length === 0) return { state: 'done', rows, checkpoints: [] };
    const checkpoints = await seal(round);
    const sealedBefore = rows.filter((row) => row.isSealed).map(({ id }) => id);
    try {
      if (checkpoints.length + sealedBefore.length > 0) {
        await this.connection.exclusiveInTurn((db) => {
          store(db, heads, checkpoints);
          for (const id of sealedBefore) db.prepare(REMOVE).run(id);
        });
      }
    } catch (error) {
      if (error instanceof SealedByAnotherError) return { state: 'busy' };
      throw error;
    }
    return { state: 'done', rows, checkpoints };
  }
}

function store(db: SqliteDirectConnection, heads: ReadonlyMap<string, ChainHead>, checkpoints: readonly NewCheckpoint[]): void {
  const scopes = new Set(checkpoints.map(({ content }) => content.scope));
  assertSameHeads(checkpoints, heads, readHeads(db, scopes));
  const insert = db.prepare(INSERT);
  const remove = db.prepare(REMOVE);
  const newest = db.prepare<{ id: string | null }>(READ_NEWEST).get();
  for (const checkpoint of inOrder(checkpoints, newest?.id ?? '')) {
    for (const id of idsOf(checkpoint)) if (remove.run(id).changes !== 1) throw new SealedByAnotherError();
    insert.run(...checkpointValues(checkpoint, Date.parse));
  }
}

function isSealed(db: SqliteDirectConnection, { id, tenantId }: UnsealedRow): boolean {
  // What is no id could be found in the middle of one.
  return isId(id) && db.prepare(IS_SEALED).get(scopeOf(tenantId), id, id, id) !== undefined;
}

function readHeads(db: SqliteDirectConnection, scopes: ReadonlySet<string>): Map<string, ChainHead> {
  const statement = db.prepare<ChainHead>(READ_HEAD);
  const heads = [...scopes].map((scope) => statement.get(scope)).filter((head) => head !== undefined);
  return new Map(heads.map((head) => [head.scope, head]));
}
