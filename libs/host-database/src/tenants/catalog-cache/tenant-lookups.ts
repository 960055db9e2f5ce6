import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnreachableError, type DatabaseSettings, isConnectionFailure } from '../../database/index.js';
import type { ReplacedRecord, TenantCache } from './tenant-cache.js';
import type { TenantKey } from './tenant-key.js';
import type { CatalogQuestion, TenantReader } from './tenant-reader.js';
import type { TenantRecord } from './tenant-record.js';

/** How many questions one statement asks. */
const MAX_KEYS = 1_000;
/** How often the host database is tried while it is down, and for how long a tenant is then served without another look. */
const RETRY_EVERY_MS = 500;

/** What the lookups need. */
export interface LookupContext {
  readonly cache: TenantCache;
  readonly reader: Pick<TenantReader, 'read'>;
  readonly host: DatabaseSettings;
  readonly downAfterMs: number;
  readonly answerTimeoutMs: number;
  /** Until when an answer counts, and until when it counts that there is none, from the time at which it was asked for. */
  readonly freshUntil: (askedAt: number) => number;
  readonly missingUntil: (askedAt: number) => number;
  readonly onReplaced: (replaced: ReplacedRecord) => void;
}

type Answer = TenantRecord | undefined;

/** Questions that are asked together. */
class Batch {
  readonly keys = new Map<TenantKey, PromiseWithResolvers<Answer>>();
  readonly tenantsWithNames = new Set<string>();
  /** Tenants of which a change was heard while this batch was asked. */
  readonly changed = new Set<string>();
  isAllChanged = false;

  get isUntouched(): boolean {
    return this.changed.size === 0 && !this.isAllChanged;
  }
}

/**
 * Asks the catalogue. One statement is under way at a time, and those who come meanwhile are asked for together in the next: any number of
 * callers costs one or two statements, and one connection.
 */
export class TenantLookups {
  /** Statements that were sent. */
  hostQueries = 0;
  /** Answers that were given without the host database since it was down. */
  servedWhileDown = 0;
  private down = false;
  private triedAt = 0;
  private next: Batch | undefined;
  private flight: Batch | undefined;
  private working: Promise<void> | undefined;

  constructor(private readonly context: LookupContext) {}

  get isDown(): boolean {
    return this.down;
  }

  /**
   * Finds a tenant.
   *
   * @throws DatabaseUnreachableError when the host database cannot be reached, and the tenant cannot be served without it
   */
  async ask(key: TenantKey): Promise<Answer> {
    if (this.down) {
      const stale = this.whileDown(key);
      if (stale) {
        // Not as a question: what is served meanwhile would be the answer to it.
        if (performance.now() - this.triedAt >= RETRY_EVERY_MS) this.refresh([stale.id]);
        return stale;
      }
    }
    return this.enqueue(key).promise;
  }

  /** Reads these tenants anew, with all names that lead to them, in the background. */
  refresh(tenantIds: readonly string[]): void {
    const batch = this.batch();
    for (const id of tenantIds) batch.tenantsWithNames.add(id);
  }

  /** A change was heard of: what is being asked at this moment may be from before it. */
  noteChange(tenantIds: readonly string[] | 'unknown'): void {
    if (!this.flight) return;
    if (tenantIds === 'unknown') this.flight.isAllChanged = true;
    else for (const id of tenantIds) this.flight.changed.add(id);
  }

  /** Resolves when nothing is being asked any more. */
  async settled(): Promise<void> {
    while (this.working) await this.working;
  }

  private enqueue(key: TenantKey): PromiseWithResolvers<Answer> {
    const underWay = this.flight?.isUntouched ? this.flight.keys.get(key) : undefined;
    if (underWay) return underWay;
    const { keys } = this.batch();
    const waiting = keys.get(key) ?? Promise.withResolvers<Answer>();
    keys.set(key, waiting);
    return waiting;
  }

  private batch(): Batch {
    const batch = (this.next ??= new Batch());
    this.working ??= this.work();
    return batch;
  }

  private async work(): Promise<void> {
    // Whoever asks in the same turn is asked for together.
    await Promise.resolve();
    for (let batch = this.take(); batch; batch = this.take()) {
      this.flight = batch;
      await this.fly(batch);
      this.flight = undefined;
    }
    // In the same turn as the last look: whoever asks from here on begins anew.
    this.working = undefined;
  }

  /** The questions that are still open, as many as one statement asks. */
  private take(): Batch | undefined {
    const { next } = this;
    this.next = undefined;
    if (!next) return undefined;
    const now = performance.now();
    const batch = new Batch();
    for (const [key, waiting] of next.keys) {
      // The statement before this one may have found it by another name.
      const known = this.context.cache.get(key, now);
      if (known !== undefined) waiting.resolve(known === 'missing' ? undefined : known);
      else if (batch.keys.size < MAX_KEYS) batch.keys.set(key, waiting);
      else (this.next ??= new Batch()).keys.set(key, waiting);
    }
    for (const id of next.tenantsWithNames) {
      const to = batch.tenantsWithNames.size < MAX_KEYS ? batch : (this.next ??= new Batch());
      to.tenantsWithNames.add(id);
    }
    return batch.keys.size + batch.tenantsWithNames.size > 0 ? batch : this.next && this.take();
  }

  private async fly(batch: Batch): Promise<void> {
    const askedAt = (this.triedAt = performance.now());
    const silence = setTimeout(() => this.answerWhileDown(batch), this.context.downAfterMs);
    try {
      const found = await this.read({ keys: [...batch.keys.keys()], tenantsWithNames: [...batch.tenantsWithNames] });
      this.down = false;
      const { records, replaced } = this.context.cache.store({
        keys: new Set(batch.keys.keys()),
        changedTenants: batch.tenantsWithNames,
        found,
        freshUntil: () => this.context.freshUntil(askedAt),
        missingUntil: () => (batch.isUntouched ? this.context.missingUntil(askedAt) : 0),
        wasChanged: (id) => batch.isAllChanged || batch.changed.has(id),
      });
      for (const each of replaced) this.context.onReplaced(each);
      for (const [key, waiting] of batch.keys) waiting.resolve(records.get(key));
    } catch (error) {
      this.fail(batch, error);
    } finally {
      clearTimeout(silence);
    }
  }

  private async read(question: CatalogQuestion) {
    this.hostQueries++;
    const over = new AbortController();
    const reading = this.context.reader.read(question);
    // One that is given up may fail later, when nobody waits for it any more.
    reading.catch(() => undefined);
    try {
      return await Promise.race([reading, this.patience(over.signal)]);
    } finally {
      over.abort();
    }
  }

  private async patience(signal: AbortSignal): Promise<never> {
    const { answerTimeoutMs, host } = this.context;
    // Not waited for any more once there is an answer.
    await delay(answerTimeoutMs, undefined, { signal }).catch(() => new Promise<never>(() => undefined));
    throw new DatabaseUnreachableError(host, 1, { cause: new Error(`no answer within ${answerTimeoutMs} ms`) });
  }

  private fail(batch: Batch, error: unknown): void {
    const isUnreachable = error instanceof DatabaseUnreachableError;
    if (isUnreachable || isConnectionFailure(error)) {
      this.answerWhileDown(batch);
      const cause = isUnreachable ? error : new DatabaseUnreachableError(this.context.host, 1, { cause: error });
      for (const waiting of batch.keys.values()) waiting.reject(cause);
    } else for (const waiting of batch.keys.values()) waiting.reject(error);
  }

  /** Lets those go on who can do without the host database. */
  private answerWhileDown(batch: Batch): void {
    this.down = true;
    for (const [key, waiting] of batch.keys) {
      const record = this.whileDown(key);
      if (record) waiting.resolve(record);
    }
  }

  private whileDown(key: TenantKey): TenantRecord | undefined {
    const { cache } = this.context;
    const now = performance.now();
    const record = cache.getWhileDown(key, now);
    if (!record) return undefined;
    this.servedWhileDown++;
    if (record.status === 'active') record.freshUntil = Math.min(now + RETRY_EVERY_MS, cache.servedUntil(record));
    return record;
  }
}
