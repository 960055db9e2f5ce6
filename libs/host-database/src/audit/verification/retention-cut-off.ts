import { Inject, Injectable, Logger } from '@nestjs/common';
import { isId } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { AuditRowNotFoundError, AuditRowNotSealedError } from '../audit.errors.js';
import { directQuery } from '../direct-query.js';
import {
  HOST_SCOPE,
  InvalidAuditRecordError,
  InvalidCheckpointError,
  parseRecord,
  type PublicKeyMap,
  verifyInclusion,
} from '../integrity/index.js';
import { AuditProofs } from './inclusion.js';
import { AuditLogReader } from './log-reader.js';

const EVENTS = `select id, canonical from sys_audit_logs
  where event_type = 'audit.rows-purged' and tenant_id is null order by id desc`;

const ID_TIME_DIGITS = 12;

/** What an event says of a removal. */
interface Removal {
  readonly eventId: string;
  readonly purgedThrough: string;
  readonly rows: number;
}

/**
 * Up to where rows may be gone. Not by `sys_audit_purges` alone, to which whoever removes rows can add: by the sealed event
 * `audit.rows-purged` that says the same. To forge that one is to leave it in the log.
 */
@Injectable()
export class RetentionCutOff {
  private readonly logger = new Logger('Audit');

  constructor(
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    private readonly reader: AuditLogReader,
    private readonly proofs: AuditProofs,
  ) {}

  /** Returns a function that returns the cut-off; it looks for events only when the table says something new. */
  watch(publicKeys: PublicKeyMap): () => Promise<string | null> {
    let [seen, confirmed]: (string | null)[] = [null, null];
    return async () => {
      const stated = await this.reader.purgedThrough();
      if (stated === seen) return confirmed ?? null;
      confirmed = await this.confirmed(publicKeys);
      seen = stated;
      if (stated !== null && (confirmed ?? '') < stated) {
        this.logger.error('sys_audit_purges has a cut-off that no sealed event of the log confirms: it is not heeded.');
      }
      return confirmed;
    };
  }

  private async confirmed(publicKeys: PublicKeyMap): Promise<string | null> {
    const events = await directQuery<{ id: string; canonical: string }>(this.connection, EVENTS);
    const removals = events.map(readRemoval).filter((removal) => removal !== undefined);
    for (const removal of removals.toSorted((one, other) => (one.purgedThrough > other.purgedThrough ? -1 : 1))) {
      if ((await this.isInTable(removal)) && (await this.isSealed(removal.eventId, publicKeys))) return removal.purgedThrough;
    }
    return null;
  }

  private async isInTable({ purgedThrough, rows }: Removal): Promise<boolean> {
    const sql = 'select 1 from sys_audit_purges where purged_through = ? and rows = ? limit 1';
    return (await directQuery(this.connection, sql, [purgedThrough, rows])).length > 0;
  }

  /** An event that waits for its checkpoint counts: it is to be there for ever in a moment. */
  private async isSealed(id: string, publicKeys: PublicKeyMap): Promise<boolean> {
    try {
      return verifyInclusion(await this.proofs.proveInclusion(id, { scope: HOST_SCOPE }), publicKeys).valid;
    } catch (error) {
      if (error instanceof AuditRowNotSealedError) return this.reader.isAnyWaiting([id]);
      if (error instanceof AuditRowNotFoundError || error instanceof InvalidCheckpointError) return false;
      throw error;
    }
  }
}

function readRemoval({ id, canonical }: { readonly id: string; readonly canonical: string }): Removal | undefined {
  try {
    const record = parseRecord(canonical);
    const { purgedThrough, rows } = record.details ?? {};
    if (record.id !== id || record.eventType !== 'audit.rows-purged' || !isId(purgedThrough)) return undefined;
    // What is removed is older than the event. Ids begin with milliseconds.
    if (Number.parseInt(purgedThrough.slice(0, ID_TIME_DIGITS), 16) > Date.parse(record.createdAt)) return undefined;
    return Number.isSafeInteger(rows) ? { eventId: id, purgedThrough, rows: rows as number } : undefined;
  } catch (error) {
    if (error instanceof InvalidAuditRecordError) return undefined;
    throw error;
  }
}
