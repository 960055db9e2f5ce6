import { Inject, Injectable } from '@nestjs/common';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditCheckpoints } from './audit-checkpoints.js';
import { decodeFeedCursor, encodeFeedCursor, type FeedPosition } from './audit-cursor.js';
import { AuditEntries, type AuditEntry } from './audit-entries.js';
import { checkLimit } from './audit-reader.js';
import { AuditRows } from './audit-rows.js';
import { AuditFeedNotSealedError } from './reading.errors.js';

/** Where to go on. */
export interface AuditFeedOptions {
  /** What the last call has returned, once its events are safe; without it the feed begins with the first row. */
  readonly after?: string;
  /** How many events, 1,000 at most. @default 100 */
  readonly limit?: number;
}

/** The next of the feed. */
export interface AuditFeedPage {
  readonly events: readonly AuditEntry[];
  /** To be kept and passed as `after`. Always there: where nothing is new, it is the place to ask again from. */
  readonly cursor: string;
}

const LIMIT = 100;
const ID_LENGTH = 32;
const BEGINNING: FeedPosition = { checkpointId: '0'.repeat(ID_LENGTH), delivered: 0 };

/**
 * Hands out every row of the log, of all scopes, for a system that follows it (a SIEM). At-least-once: who stores the cursor after the
 * events sees none of them never, and some of them twice where they crash in between; the id tells.
 *
 * It follows the checkpoints and not the ids, for a transaction that takes long commits a row with an id that others have overtaken.
 * Checkpoints hold committed rows only and are made one after the other, so that their order is final. A row is therefore in the feed
 * when it is sealed, `audit.sealing.everyMs` after it was committed, and events are ordered within a checkpoint. Rows that retention
 * has removed are not handed out any more.
 */
@Injectable()
export class AuditFeed {
  constructor(
    private readonly rows: AuditRows,
    private readonly checkpoints: AuditCheckpoints,
    private readonly entries: AuditEntries,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
  ) {}

  /**
   * Returns the events after a cursor, the oldest checkpoint first; none where nothing is new. Reads in the caller's unit of work.
   *
   * @throws AuditFeedNotSealedError where `audit.sealing` is not set
   * @throws InvalidAuditCursorError, InvalidInputError
   */
  async read({ after, limit = LIMIT }: AuditFeedOptions = {}): Promise<AuditFeedPage> {
    if (!this.options.sealing) throw new AuditFeedNotSealedError();
    checkLimit(limit);
    for (let from = after === undefined ? BEGINNING : decodeFeedCursor(after); ;) {
      const { ids, position } = await this.next(from, limit);
      const found = await this.rows.findByIds(ids);
      const stored = ids.map((id) => found.get(id)).filter((row) => row !== undefined);
      // No events mean that nothing is new, and never that what comes next was removed.
      if (stored.length > 0 || ids.length === 0) {
        return { events: await this.entries.from(stored), cursor: encodeFeedCursor(position) };
      }
      from = position;
    }
  }

  /** The ids of the next rows, and where they end. */
  private async next(from: FeedPosition, limit: number): Promise<{ ids: string[]; position: FeedPosition }> {
    const needed: string[] = [];
    let waiting = 0;
    // Each seals a row at least, and of the first one all may have been delivered.
    for (const { id, size } of await this.checkpoints.sizesFrom(from.checkpointId, limit + 1)) {
      const rest = size - (id === from.checkpointId ? from.delivered : 0);
      if (rest <= 0) continue;
      needed.push(id);
      waiting += rest;
      if (waiting >= limit) break;
    }
    const ids: string[] = [];
    let position = from;
    for (const { id, manifest } of needed.length > 0 ? await this.checkpoints.manifests(needed) : []) {
      const begin = id === from.checkpointId ? from.delivered : 0;
      const part = idsOf(manifest).slice(begin, begin + limit - ids.length);
      ids.push(...part);
      position = { checkpointId: id, delivered: begin + part.length };
    }
    return { ids, position };
  }
}

function idsOf(manifest: string): string[] {
  return manifest.split('\n').map((line) => line.slice(0, ID_LENGTH));
}
