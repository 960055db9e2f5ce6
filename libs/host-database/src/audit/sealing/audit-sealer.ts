import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock, isId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { AuditInTransactionError, AuditSealingNotConfiguredError, AuditSignatureInvalidError } from '../audit.errors.js';
import { AUDIT_OPTIONS, type AuditOptions, type AuditSealingOptions } from '../audit.options.js';
import { HOST_SCOPE, leafHash, type ManifestLeaf, scopeOf, sealCheckpoint, verifySignature } from '../integrity/index.js';
import { type ChainHead, type NewCheckpoint, type SealingRound, SealingStore, type UnsealedRow } from './sealing-store.js';

/** Rows of a round, over all scopes: one transaction, which has to stay short. */
const ROWS_PER_ROUND = 5_000;
const ROWS_PER_CHECKPOINT = 1_000;
/** A key management service signs, perhaps: many scopes must not wait for one another, nor flood it. */
const SIGNATURES_AT_ONCE = 16;
const MOST_COMPLAINTS = 1_000;
const HASH_PATTERN = /^[0-9a-f]{64}$/;

/** How much to do at once. */
export interface SealOptions {
  /** No round begins after so many milliseconds; what is left is for the next call. @default 30000 */
  readonly budgetMs?: number;
}

/** What was sealed. */
export interface SealResult {
  /** How many rows. */
  readonly sealed: number;
  readonly checkpoints: number;
  /** Whether another process was sealing, so that this one left it to that. */
  readonly isBusy: boolean;
}

/**
 * Seals the log: puts committed rows into signed checkpoints, a chain for the host and for each tenant. Any number of processes may do
 * so; one at a time does.
 */
@Injectable()
export class AuditSealer {
  private readonly logger = new Logger('Audit');
  private readonly complaints = new Set<string>();

  constructor(
    private readonly store: SealingStore,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
  ) {}

  /**
   * Seals what is committed and not sealed yet, on a connection of its own: call it outside of a transaction.
   *
   * A row whose leaf hash is not that of its text is sealed with the leaf hash that it has, and an error is logged: the row is then wrong
   * in every verification to come, and nobody can say that it was put right. A row that no checkpoint can hold (its id or hash is none)
   * is not sealed, and an error is logged: the verification tells of it too. One that a checkpoint of its scope holds already is taken off
   * the list, and an error is logged.
   *
   * No transaction is open while the signer signs. Where another process was faster, nothing of the round is stored, and `isBusy` says so.
   *
   * @throws AuditSealingNotConfiguredError without the option `audit.sealing`
   * @throws AuditInTransactionError inside a transaction
   * @throws AuditSignatureInvalidError when what the signer returns does not fit its public key; nothing is stored
   */
  async seal({ budgetMs = 30_000 }: SealOptions = {}): Promise<SealResult> {
    const { sealing } = this.options;
    if (!sealing) throw new AuditSealingNotConfiguredError();
    if (this.unitOfWork.isInTransaction) throw new AuditInTransactionError('AuditSealer.seal()');
    const deadline = performance.now() + budgetMs;
    const limit = Math.max(ROWS_PER_ROUND, sealing.rowsPerCheckpoint ?? ROWS_PER_CHECKPOINT);
    let sealed = 0;
    let checkpoints = 0;
    for (let after = ''; ;) {
      const outcome = await this.store.round({ after, limit }, (round) => this.build(round, sealing));
      if (outcome.state === 'busy') return { sealed, checkpoints, isBusy: true };
      checkpoints += outcome.checkpoints.length;
      sealed += outcome.checkpoints.reduce((sum, { content }) => sum + content.size, 0);
      if (outcome.rows.length < limit || performance.now() > deadline) return { sealed, checkpoints, isBusy: false };
      after = outcome.rows.at(-1)!.id;
    }
  }

  private async build({ rows, heads }: SealingRound, sealing: AuditSealingOptions): Promise<NewCheckpoint[]> {
    const byScope = Map.groupBy(
      rows.filter((row) => this.isSealable(row)),
      ({ tenantId }) => scopeOf(tenantId),
    );
    const scopes = [...byScope];
    const built: NewCheckpoint[] = [];
    for (let at = 0; at < scopes.length; at += SIGNATURES_AT_ONCE) {
      const some = scopes.slice(at, at + SIGNATURES_AT_ONCE);
      const chains = await Promise.all(
        some.map(([scope, ofScope]) => this.extend({ scope, rows: ofScope, head: heads.get(scope), sealing })),
      );
      built.push(...chains.flat());
    }
    return built;
  }

  /** The next checkpoints of one chain. */
  private async extend(chain: {
    readonly scope: string;
    readonly rows: readonly SealableRow[];
    readonly head: ChainHead | undefined;
    readonly sealing: AuditSealingOptions;
  }): Promise<NewCheckpoint[]> {
    const { scope, sealing } = chain;
    const { signer, publicKeys, rowsPerCheckpoint = ROWS_PER_CHECKPOINT } = sealing;
    // The order of the database's collation is not asked.
    const leaves: ManifestLeaf[] = chain.rows.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const built: NewCheckpoint[] = [];
    let { seq, hash } = chain.head ?? { seq: 0, hash: null };
    for (let at = 0; at < leaves.length; at += rowsPerCheckpoint) {
      const sealedAt = this.clock.now();
      const some = leaves.slice(at, at + rowsPerCheckpoint);
      const checkpoint = await sealCheckpoint({ scope, seq: ++seq, previousHash: hash, leaves: some, sealedAt, signer });
      // Rather no checkpoint than one that nobody can verify.
      if (verifySignature(checkpoint, { [signer.keyId]: publicKeys[signer.keyId]! }) !== 'valid') {
        throw new AuditSignatureInvalidError(signer.keyId);
      }
      hash = checkpoint.hash;
      built.push(checkpoint);
    }
    return built;
  }

  private isSealable(row: UnsealedRow): row is SealableRow {
    const { id, tenantId, canonical, leafHash: stored, isSealed = false } = row;
    if (isSealed) {
      this.complain(
        id,
        'was given to be sealed although a checkpoint holds it: somebody has put it into sys_audit_unsealed. It is left out',
      );
      return false;
    }
    if (canonical === null || stored === null) {
      this.complain(id, 'is gone from the log before it was sealed: somebody has removed it');
      return false;
    }
    if (!isId(id) || !HASH_PATTERN.test(stored) || tenantId === '' || tenantId === HOST_SCOPE) {
      this.complain(id, 'cannot be sealed, since its id, its tenant or its hash is not one that this library writes');
      return false;
    }
    if (leafHash(canonical) !== stored) {
      this.complain(
        id,
        'does not have the hash of its own text: it was changed, or written past this library. It is sealed as it is',
      );
    }
    return true;
  }

  /** Once for each row: those that stay in the list are seen again and again. */
  private complain(id: string, problem: string): void {
    if (this.complaints.has(id)) return;
    if (this.complaints.size < MOST_COMPLAINTS) this.complaints.add(id);
    this.logger.error(`The row ${JSON.stringify(id)} of the audit log ${problem}.`);
  }
}

type SealableRow = UnsealedRow & { readonly canonical: string; readonly leafHash: string };
