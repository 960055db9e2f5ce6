import type { SqliteDirectConnection } from '../../database/index.js';
import { scopeOf } from '../integrity/index.js';
import {
  type ChainHead,
  CHECKPOINT_COLUMNS,
  checkpointValues,
  idsOf,
  inOrder,
  type NewCheckpoint,
  type RoundOptions,
  type RoundOutcome,
  type SealingRound,
  SealingStore,
  type UnsealedRow,
} from './sealing-store.js';

const READ_ROWS = `
  select list.id, log.tenant_id as tenantId, log.canonical, log.leaf_hash as leafHash
  from (select log_id as id from sys_audit_unsealed where log_id > ? order by log_id limit ?) as list
  left join sys_audit_logs as log on log.id = list.id order by list.id`;
const READ_HEAD = 'select scope, seq, hash from sys_audit_checkpoints where scope = ? order by seq desc limit 1';
const INSERT = `insert into sys_audit_checkpoints (${CHECKPOINT_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const READ_NEWEST = 'select max(id) as id from sys_audit_checkpoints';
const REMOVE = 'delete from sys_audit_unsealed where log_id = ?';

/** Another process has sealed what this one was about to. */
class SealedByAnotherError extends Error {}

/**
 * A transaction on SQLite cannot wait for a signature. So what was read is signed first, and then stored only if the chains still end
 * where they did and every row is still in the list.
 */
export class SqliteSealingStore extends SealingStore {
  constructor(private readonly connection: SqliteDirectConnection) {
    super();
  }

  async round(
    { after, limit }: RoundOptions,
    seal: (round: SealingRound) => Promise<readonly NewCheckpoint[]>,
  ): Promise<RoundOutcome> {
    const round = await this.connection.read((db) => {
      const rows = db.prepare<UnsealedRow>(READ_ROWS).all(after, limit);
      return { rows, heads: readHeads(db, new Set(rows.map(({ tenantId }) => scopeOf(tenantId)))) };
    });
    const { rows, heads } = round;
    if (rows.length === 0) return { state: 'done', rows, checkpoints: [] };
    const checkpoints = await seal(round);
    try {
      if (checkpoints.length > 0) await this.connection.exclusiveInTurn((db) => store(db, heads, checkpoints));
    } catch (error) {
      if (error instanceof SealedByAnotherError) return { state: 'busy' };
      throw error;
    }
    return { state: 'done', rows, checkpoints };
  }
}

function store(db: SqliteDirectConnection, heads: ReadonlyMap<string, ChainHead>, checkpoints: readonly NewCheckpoint[]): void {
  const scopes = new Set(checkpoints.map(({ content }) => content.scope));
  const now = readHeads(db, scopes);
  for (const scope of scopes) if (now.get(scope)?.hash !== heads.get(scope)?.hash) throw new SealedByAnotherError();
  const insert = db.prepare(INSERT);
  const remove = db.prepare(REMOVE);
  const newest = db.prepare<{ id: string | null }>(READ_NEWEST).get();
  for (const checkpoint of inOrder(checkpoints, newest?.id ?? '')) {
    for (const id of idsOf(checkpoint)) if (remove.run(id).changes !== 1) throw new SealedByAnotherError();
    insert.run(...checkpointValues(checkpoint, Date.parse));
  }
}

function readHeads(db: SqliteDirectConnection, scopes: ReadonlySet<string>): Map<string, ChainHead> {
  const statement = db.prepare<ChainHead>(READ_HEAD);
  const heads = [...scopes].map((scope) => statement.get(scope)).filter((head) => head !== undefined);
  return new Map(heads.map((head) => [head.scope, head]));
}
