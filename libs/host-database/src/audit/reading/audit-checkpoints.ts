import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';

/** A checkpoint as an export has it. */
export interface ExportedCheckpoint {
  readonly id: string;
  readonly scope: string;
  readonly seq: number;
  readonly body: string;
  readonly signature: string;
  readonly manifest: string;
}

/** How long the chain of a scope was when somebody looked. */
export interface ChainLength {
  readonly scope: string;
  readonly seq: number;
}

/** A checkpoint, and what it seals. */
export interface CheckpointManifest {
  readonly id: string;
  readonly manifest: string;
}

/** Each has a line for every row that it seals: few at a time. */
const BATCH = 5;

/** Reads checkpoints, in the caller's unit of work. */
@Injectable()
export class AuditCheckpoints {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** How long the chains are, of one scope or of `all`. */
  async lengths(scope: string): Promise<ChainLength[]> {
    const where = scope === 'all' ? '' : 'where scope = ?';
    const sql = `select scope, max(seq) as seq from sys_audit_checkpoints ${where} group by scope order by scope`;
    return this.unitOfWork.em.execute(sql, scope === 'all' ? [] : [scope]);
  }

  /** Returns the next few of a chain, after one and up to another. */
  async next({ scope, seq: upTo }: ChainLength, after: number): Promise<ExportedCheckpoint[]> {
    return this.unitOfWork.em.execute(
      `select id, scope, seq, body, signature, manifest from sys_audit_checkpoints
        where scope = ? and seq > ? and seq <= ? order by seq limit ${BATCH}`,
      [scope, after, upTo],
    );
  }

  /**
   * Returns the ids and sizes of checkpoints of any scope, in the order in which they were made, the one with this id first. Those of
   * which retention has removed every row are passed over.
   */
  async sizesFrom(id: string, limit: number): Promise<{ readonly id: string; readonly size: number }[]> {
    const purgedThrough = `coalesce((select max(purged_through) from sys_audit_purges), '')`;
    const sql = `select id, size from sys_audit_checkpoints where id >= ? and last_id >= ${purgedThrough} order by id limit ${limit}`;
    return this.unitOfWork.em.execute(sql, [id]);
  }

  /** Returns the manifests of these checkpoints, in the order in which they were made. */
  async manifests(ids: readonly string[]): Promise<CheckpointManifest[]> {
    const placeholders = ids.map(() => '?').join(', ');
    const sql = `select id, manifest from sys_audit_checkpoints where id in (${placeholders}) order by id`;
    return this.unitOfWork.em.execute(sql, [...ids]);
  }
}
