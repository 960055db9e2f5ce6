import { Injectable } from '@nestjs/common';
import { assertId, assertInt32, assertOneOf, InvalidInputError } from '../../common/index.js';
import { decodePageCursor, encodePageCursor } from './audit-cursor.js';
import { AuditEntries, type AuditEntry } from './audit-entries.js';
import { type AuditFilter, type AuditOrder, checkAuditFilter, fingerprintOf, type TenantAuditFilter } from './audit-filter.js';
import { AuditRows } from './audit-rows.js';

/** Which page of the rows. */
export interface AuditPageOptions {
  /** @default 'newest' */
  readonly order?: AuditOrder;
  /** How many rows, 1,000 at most. @default 100 */
  readonly limit?: number;
  /** What the page before has given as `next`. */
  readonly after?: string;
}

/** A page of the log. */
export interface AuditPage {
  readonly rows: readonly AuditEntry[];
  /** What the next page begins after; undefined when there is none. */
  readonly next: string | undefined;
}

const LIMIT = 100;
const MAX_LIMIT = 1_000;

/** Reads the log, page by page, in the caller's unit of work. */
@Injectable()
export class AuditReader {
  constructor(
    private readonly rows: AuditRows,
    private readonly entries: AuditEntries,
  ) {}

  /**
   * Returns a page, ordered by id. Rows that are added meanwhile are on none of the next pages of `newest`, and none comes twice. A
   * transaction that is committed late adds rows that pages of `oldest` have passed by: whoever follows the log uses `AuditFeed`.
   *
   * @throws InvalidInputError, InvalidIdError
   * @throws InvalidAuditCursorError when the cursor is of another filter or order
   */
  async find({ order = 'newest', limit = LIMIT, after, ...given }: AuditFilter & AuditPageOptions): Promise<AuditPage> {
    const filter = checkAuditFilter(given);
    const fingerprint = fingerprintOf(filter, assertOneOf(order, ['newest', 'oldest'], 'order'));
    const found = await this.rows.find(filter, {
      order,
      // One more tells whether there is a next page.
      limit: checkLimit(limit) + 1,
      ...(after !== undefined && { after: decodePageCursor(after, fingerprint) }),
    });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { rows: await this.entries.from(page), next: last && encodePageCursor(last.id, fingerprint) };
  }

  /**
   * Returns how many rows there are.
   *
   * @throws InvalidInputError, InvalidIdError
   */
  async count(filter: AuditFilter): Promise<number> {
    return this.rows.count(checkAuditFilter(filter));
  }

  /**
   * Returns a reader that sees the rows of this tenant and of nobody else.
   *
   * @throws InvalidIdError
   */
  forTenant(tenantId: string): TenantAuditReader {
    return new TenantAuditReader(this, assertId(tenantId, 'tenant'));
  }
}

/** Reads the rows of one tenant, and cannot be made to read another's. */
export class TenantAuditReader {
  constructor(
    private readonly reader: AuditReader,
    readonly tenantId: string,
  ) {}

  /** As {@link AuditReader.find}. */
  async find(options: TenantAuditFilter & AuditPageOptions = {}): Promise<AuditPage> {
    // Last, so that a scope that came along in disguise does not count.
    return this.reader.find({ ...options, scope: this.tenantId });
  }

  /** As {@link AuditReader.count}. */
  async count(filter: TenantAuditFilter = {}): Promise<number> {
    return this.reader.count({ ...filter, scope: this.tenantId });
  }
}

/** @throws InvalidInputError */
export function checkLimit(limit: number): number {
  if (assertInt32(limit, 'limit', 1) > MAX_LIMIT) throw new InvalidInputError('limit', `must be ${MAX_LIMIT} at most.`);
  return limit;
}
