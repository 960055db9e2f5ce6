import { Inject, Injectable } from '@nestjs/common';
import { Clock, ID_LEAD_MS, INT32_MAX } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection } from '../../database/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { directQuery } from '../direct-query.js';
import { AUDIT_TEXT_LENGTHS } from '../host-audit-log.entity.js';
import type { AuditRecord } from '../integrity/index.js';
import { firstIdOf, instantOf } from '../retention/id-ranges.js';

/** By how much the clocks of two processes may differ. */
const MARGIN_MS = 60_000;
const TOLERANCE_MS = ID_LEAD_MS + MARGIN_MS;
const MS_PER_DAY = 86_400_000;
/** How old a row may be in a log that was never cut off and has no partitions: this, or as long as rows are kept if that is longer. */
const MAX_AGE_DAYS = 400;
/** A NUL, as JSON writes it, and not the text that looks like it. PostgreSQL stores it in no column. */
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/** Tells whether the log can take a record without harm to the rows of others. */
export type RecordLimits = (record: AuditRecord, canonical: string) => boolean;

/** What a row may be that comes from a database where somebody else than the library can write. */
@Injectable()
export class DeferredRowLimits {
  constructor(
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    @Inject(AUDIT_OPTIONS) private readonly options: Pick<AuditOptions, 'retention'>,
    private readonly clock: Clock,
  ) {}

  /**
   * The limits as they are now: the columns take the record, it is not from the future, its id is of the time that it states, and not
   * from before the beginning of the log, where no partition is and nothing is ever sealed or removed again.
   */
  async current(): Promise<RecordLimits> {
    const oldestId = await this.beginning();
    const [nowMs, idNowMs] = [this.clock.now().getTime(), Date.now()];
    // Ids go by the time of the system. A clock that is not that, as in tests, says nothing of them.
    const isComparable = Math.abs(nowMs - idNowMs) <= MARGIN_MS;
    return (record, canonical) => {
      const [createdMs, idMs] = [Date.parse(record.createdAt), instantOf(record.id).getTime()];
      return (
        isStorable(record, canonical) &&
        createdMs >= 0 &&
        createdMs <= nowMs + MARGIN_MS &&
        record.id >= oldestId &&
        idMs <= idNowMs + TOLERANCE_MS &&
        (!isComparable || Math.abs(createdMs - idMs) <= TOLERANCE_MS)
      );
    };
  }

  /** The smallest id that has a place: after what was removed, and in a partition. */
  private async beginning(): Promise<string> {
    const { connection } = this;
    const [removed] = await directQuery<{ through: string | null }>(
      connection,
      'select max(purged_through) as through from sys_audit_purges',
    );
    const ids = [removed?.through ?? ''];
    if (connection.type === 'postgresql') {
      const [partition] = await connection.query<{ month: string | null }>(
        `select min(right(relname, 6)) as month from pg_inherits join pg_class on oid = inhrelid
         where inhparent = 'sys_audit_logs'::regclass and relname ~ '^sys_audit_logs_p[0-9]{6}$'`,
      );
      const month = partition?.month;
      if (month) ids.push(firstIdOf(new Date(`${month.slice(0, 4)}-${month.slice(4)}-01T00:00:00.000Z`)));
    }
    const beginning = ids.toSorted().at(-1);
    if (beginning) return beginning;
    const days = Math.max(MAX_AGE_DAYS, this.options.retention?.days ?? 0);
    return firstIdOf(new Date(Date.now() - days * MS_PER_DAY));
  }
}

function isStorable(record: AuditRecord, canonical: string): boolean {
  const fits = Object.entries(AUDIT_TEXT_LENGTHS).every(
    ([field, length]) => (record[field as keyof typeof AUDIT_TEXT_LENGTHS] ?? '').length <= length,
  );
  return fits && record.schemaVersion >= 1 && record.schemaVersion <= INT32_MAX && !NUL.test(canonical);
}
