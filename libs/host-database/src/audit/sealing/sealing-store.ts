import { genId } from '../../common/index.js';
import type { SealedCheckpoint } from '../integrity/index.js';

/** A row that no checkpoint holds yet. What it says is read from the log, as it is there. */
export interface UnsealedRow {
  readonly id: string;
  /** Null in {@link tenantId} is the host. All but the id are null where the log does not have the row any more. */
  readonly tenantId: string | null;
  readonly canonical: string | null;
  readonly leafHash: string | null;
  /** Whether a checkpoint of its scope holds it all the same: it was put into the list by somebody else than the log. */
  readonly isSealed?: boolean;
}

/** The last checkpoint of a scope. */
export interface ChainHead {
  readonly scope: string;
  readonly seq: number;
  readonly hash: string;
}

/** What one round may seal. */
export interface SealingRound {
  readonly rows: readonly UnsealedRow[];
  /** By scope; a scope without a checkpoint has none. */
  readonly heads: ReadonlyMap<string, ChainHead>;
}

/** A checkpoint to be stored. */
export type NewCheckpoint = SealedCheckpoint;

/** A checkpoint with its place among all others. */
interface PlacedCheckpoint extends NewCheckpoint {
  readonly id: string;
}

/** What a round has come to. */
export type RoundOutcome =
  /** Another process seals. */
  | { readonly state: 'busy' }
  | { readonly state: 'done'; readonly rows: readonly UnsealedRow[]; readonly checkpoints: readonly NewCheckpoint[] };

/** Which rows a round takes. */
export interface RoundOptions {
  /** Those with larger ids; all where it is empty. */
  readonly after: string;
  readonly limit: number;
}

/** Keeps checkpoints, and the list of what is not sealed. Each dialect has its own way to let one process seal at a time. */
export abstract class SealingStore {
  /**
   * Hands rows to `seal` and stores what it returns, in one transaction with the removal of the rows from the list: a row is in the list
   * or in a checkpoint. What `seal` leaves out stays in the list, but for what is sealed already.
   *
   * No transaction is open while `seal` waits for a signature, and no lock is held: what was read is stored only if the chains still end
   * where they did and every row is still in the list.
   */
  abstract round(options: RoundOptions, seal: (round: SealingRound) => Promise<readonly NewCheckpoint[]>): Promise<RoundOutcome>;
}

/** Another process has sealed what this one was about to. Rolls back what is being stored. */
export class SealedByAnotherError extends Error {}

/** @throws SealedByAnotherError where a chain that is to go on does not end any more where it did */
export function assertSameHeads(
  checkpoints: readonly NewCheckpoint[],
  read: ReadonlyMap<string, ChainHead>,
  now: ReadonlyMap<string, ChainHead>,
): void {
  for (const { content } of checkpoints) {
    if (now.get(content.scope)?.hash !== read.get(content.scope)?.hash) throw new SealedByAnotherError();
  }
}

/** How a list goes on after an id. The empty text is before every id that is none, and may be one itself. */
export const isAfter = (after: string): string => (after === '' ? '>=' : '>');

/**
 * Gives checkpoints their ids, each greater than that of the newest one, whatever the clocks of the processes say: whoever follows the
 * log goes from id to id. Only for whom nobody else can overtake.
 */
export function inOrder(checkpoints: readonly NewCheckpoint[], newest: string): PlacedCheckpoint[] {
  let last = newest;
  return checkpoints.map((checkpoint) => {
    const id = genId();
    last = id > last ? id : (BigInt(`0x${last}`) + 1n).toString(16).padStart(last.length, '0');
    return { ...checkpoint, id: last };
  });
}

/** The columns of a new checkpoint, in the order of {@link CHECKPOINT_COLUMNS}; `sealedAt` as the dialect stores it. */
export function checkpointValues(checkpoint: PlacedCheckpoint, sealedAt: (iso: string) => unknown): unknown[] {
  const { id, content, body, hash, signature, manifest } = checkpoint;
  const { scope, seq, size, firstId, lastId, keyId } = content;
  return [id, scope, seq, size, firstId, lastId, body, hash, keyId, signature, manifest, sealedAt(content.sealedAt)];
}

export const CHECKPOINT_COLUMNS = 'id, scope, seq, size, first_id, last_id, body, hash, key_id, signature, manifest, sealed_at';

/** The ids of the rows in a checkpoint. */
export function idsOf({ manifest }: NewCheckpoint): string[] {
  return manifest.split('\n').map((line) => line.slice(0, line.indexOf(':')));
}
