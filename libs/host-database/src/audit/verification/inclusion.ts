import { Inject, Injectable } from '@nestjs/common';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { AuditRowNotFoundError, AuditRowNotSealedError } from '../audit.errors.js';
import { directQuery } from '../direct-query.js';
import { buildInclusionProof, type CheckpointCopy, type InclusionProof, scopeOf } from '../integrity/index.js';

/** Which rows may be proven. */
export interface ProofOptions {
  /** `host`, or the id of a tenant: a row of another scope is not found. @default any */
  readonly scope?: string;
}

/** Proofs for third parties, who need no more than the public keys: `verifyInclusion(proof, publicKeys)`. */
@Injectable()
export class AuditProofs {
  constructor(@Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection) {}

  /**
   * Returns the proof that a row is in a signed checkpoint. What is recorded later does not make it invalid. It shows what the row says, as
   * it is stored; whoever may read the row may have it. Reads what is committed: call it outside of the transaction that records the row.
   *
   * @throws AuditRowNotFoundError
   * @throws AuditRowNotSealedError when no checkpoint holds it yet
   * @throws InvalidCheckpointError when the row is not the one that was sealed
   */
  async proveInclusion(rowId: string, { scope }: ProofOptions = {}): Promise<InclusionProof> {
    const [row] = await this.query<{ tenantId: string | null; canonical: string }>(
      'select tenant_id as "tenantId", canonical from sys_audit_logs where id = ?',
      [rowId],
    );
    if (!row || (scope !== undefined && scopeOf(row.tenantId) !== scope)) throw new AuditRowNotFoundError(rowId);
    // Ranges may overlap, so that the manifest has the last word. The id was found: it is hexadecimal, and no pattern.
    const [checkpoint] = await this.query<CheckpointCopy>(
      `select body, signature, manifest from sys_audit_checkpoints
       where scope = ? and last_id >= ? and first_id <= ? and manifest like ? order by last_id limit 1`,
      [scopeOf(row.tenantId), rowId, rowId, `%${rowId}:%`],
    );
    if (!checkpoint) throw new AuditRowNotSealedError(rowId);
    return buildInclusionProof(row.canonical, checkpoint);
  }

  private query<T>(sql: string, parameters: readonly unknown[]): Promise<T[]> {
    return directQuery<T>(this.connection, sql, parameters);
  }
}
