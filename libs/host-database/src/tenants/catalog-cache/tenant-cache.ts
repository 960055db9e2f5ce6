import { LruMap } from '../../common/index.js';
import { type TenantKey, valueOf } from './tenant-key.js';
import type { TenantRecord } from './tenant-record.js';

/** How much is remembered. */
export interface TenantCacheLimits {
  readonly maxEntries: number;
  readonly maxNegative: number;
  readonly staleWhileDownMs: number;
}

/** A tenant that the catalogue has, and the domain that it was found by, if it was. */
export interface FoundTenantRecord {
  readonly record: TenantRecord;
  readonly domain: string | null;
}

/** What the catalogue said to some questions. */
export interface CatalogAnswer {
  /** What somebody has asked for. */
  readonly keys: ReadonlySet<TenantKey>;
  /** Tenants that were read since they have changed, whether or not anybody wants to know. */
  readonly changedTenants: ReadonlySet<string>;
  readonly found: readonly FoundTenantRecord[];
  /** Until when it counts, for a tenant that was not changed while the catalogue was asked. */
  readonly freshUntil: () => number;
  /** Until when it counts that there is no tenant; 0 where one may have been made while the catalogue was asked. */
  readonly missingUntil: () => number;
  readonly wasChanged: (tenantId: string) => boolean;
}

/** That a tenant is not what it was: another record, or none. */
export interface ReplacedRecord {
  readonly tenantId: string;
  readonly record: TenantRecord | undefined;
}

interface Entry {
  record: TenantRecord;
  /** Grows with each change that was heard of, and with each gap: what was found by a name before has to be looked up again. */
  version: number;
  /** Grows with each change that was heard of: what was found by a name before says nothing more, not even while the catalogue is away. */
  heardVersion: number;
  /** Whether it was changed since the record was read. How is not known. */
  isChanged: boolean;
}

interface Alias {
  readonly tenantId: string;
  readonly version: number;
  readonly heardVersion: number;
  readonly freshUntil: number;
}

/**
 * What a process remembers of the catalogue. Bounded in all its parts: tenants, the names that lead to them, and what nobody has. Nothing
 * here waits or asks; times are those of the process's monotonic clock.
 */
export class TenantCache {
  private readonly entries: LruMap<string, Entry>;
  private readonly aliases: LruMap<TenantKey, Alias>;
  private readonly missing: LruMap<TenantKey, number>;
  private lastFreshUntil = 0;
  /** Of all tenants: one that was forgotten and comes back gets versions that it has not had. */
  private lastVersion = 0;

  constructor(private readonly limits: TenantCacheLimits) {
    // Nobody would be told any more of a change of what is forgotten here.
    this.entries = new LruMap<string, Entry>(limits.maxEntries, ({ record }) => (record.freshUntil = 0));
    this.aliases = new LruMap<TenantKey, Alias>(2 * limits.maxEntries);
    this.missing = new LruMap<TenantKey, number>(limits.maxNegative);
  }

  get sizes(): { readonly entries: number; readonly names: number; readonly missing: number } {
    return { entries: this.entries.size, names: this.aliases.size, missing: this.missing.size };
  }

  /** Whether anything counts at this moment. */
  hasFresh(now: number): boolean {
    return now < this.lastFreshUntil;
  }

  /** What the catalogue would say; undefined where it has to be asked. */
  get(key: TenantKey, now: number): TenantRecord | 'missing' | undefined {
    const missingUntil = this.missing.get(key);
    if (missingUntil !== undefined && now < missingUntil) return 'missing';
    if (key.startsWith('id:')) return fresh(this.entries.get(valueOf(key)), now);
    const alias = this.aliases.get(key);
    const entry = alias && this.entries.get(alias.tenantId);
    return entry?.version === alias?.version && now < (alias?.freshUntil ?? 0) ? fresh(entry, now) : undefined;
  }

  /**
   * What may be said while the catalogue cannot be asked: a tenant that was seen active not long ago, and of which no change was heard
   * since; and always one that is known not to be active, for it to be refused.
   */
  getWhileDown(key: TenantKey, now: number): TenantRecord | undefined {
    const entry = key.startsWith('id:') ? this.entries.get(valueOf(key)) : this.namedWhileDown(key);
    if (!entry) return undefined;
    const { record, isChanged } = entry;
    if (record.status !== 'active') return record;
    return !isChanged && now < this.servedUntil(record) ? record : undefined;
  }

  /** Until when an active tenant may be served without the catalogue. */
  servedUntil({ askedAt }: TenantRecord): number {
    return askedAt + this.limits.staleWhileDownMs;
  }

  /** Remembers an answer. Returns what each question leads to, and which tenants are not what they were. */
  store(answer: CatalogAnswer): { records: Map<TenantKey, TenantRecord>; replaced: ReplacedRecord[] } {
    const records = new Map<TenantKey, TenantRecord>();
    const replaced: ReplacedRecord[] = [];
    for (const { record, domain } of answer.found) {
      const names = namesOf(record, domain);
      this.forgetMissing(names);
      // Who is told of changes is not made to remember every tenant that changes.
      if (!this.entries.peek(record.id) && !names.some((key) => answer.keys.has(key))) continue;
      const entry = this.put(record, answer, replaced);
      for (const key of names) {
        records.set(key, entry.record);
        if (!key.startsWith('id:')) this.name(key, entry);
      }
    }
    for (const key of answer.keys) if (!records.has(key)) this.putMissing(key, answer, replaced);
    for (const id of answer.changedTenants) if (!records.has(`id:${id}`)) this.remove(id, replaced);
    return { records, replaced };
  }

  /** A change of these tenants was heard of. Returns those that are remembered. */
  invalidate(tenantIds: readonly string[]): string[] {
    return tenantIds.filter((id) => {
      const entry = this.entries.peek(id);
      if (!entry) return false;
      entry.isChanged = true;
      entry.heardVersion = ++this.lastVersion;
      this.distrust(entry);
      return true;
    });
  }

  /** Changes may have been missed: each tenant has to be asked for again. */
  distrustAll(): void {
    for (const entry of this.entries.values()) this.distrust(entry);
    this.missing.clear();
  }

  /** Somebody has these names now. */
  forgetMissing(keys: readonly TenantKey[]): void {
    for (const key of keys) this.missing.delete(key);
  }

  /** Of a change it may not be known whose the name is since: the tenant's record, read again by its id, does not say. */
  private namedWhileDown(key: TenantKey): Entry | undefined {
    const alias = this.aliases.peek(key);
    const entry = alias && this.entries.get(alias.tenantId);
    return entry?.heardVersion === alias?.heardVersion ? entry : undefined;
  }

  private put(record: TenantRecord, answer: CatalogAnswer, replaced: ReplacedRecord[]): Entry {
    const before = this.entries.get(record.id);
    const isChanged = answer.wasChanged(record.id);
    const isSame = before?.record.saysTheSameAs(record) ?? false;
    const entry: Entry = {
      record: isSame && before ? before.record : record,
      version: before?.version ?? ++this.lastVersion,
      heardVersion: before?.heardVersion ?? ++this.lastVersion,
      isChanged,
    };
    if (before && !isSame) {
      before.record.freshUntil = 0;
      if (before.record.slug !== null) this.aliases.delete(`slug:${before.record.slug}`);
      replaced.push({ tenantId: record.id, record });
    }
    entry.record.askedAt = record.askedAt;
    entry.record.freshUntil = isChanged ? 0 : this.noted(answer.freshUntil());
    this.entries.set(record.id, entry);
    return entry;
  }

  private putMissing(key: TenantKey, { missingUntil }: CatalogAnswer, replaced: ReplacedRecord[]): void {
    if (key.startsWith('id:')) this.remove(valueOf(key), replaced);
    else this.aliases.delete(key);
    const until = missingUntil();
    if (until > 0) this.missing.set(key, this.noted(until));
  }

  private remove(tenantId: string, replaced: ReplacedRecord[]): void {
    const before = this.entries.peek(tenantId);
    if (!before) return;
    before.record.freshUntil = 0;
    this.entries.delete(tenantId);
    replaced.push({ tenantId, record: undefined });
  }

  private name(key: TenantKey, { record, version, heardVersion, isChanged }: Entry): void {
    // Changed while the catalogue was asked: what it said of the name may be from before.
    if (isChanged) this.aliases.delete(key);
    else this.aliases.set(key, { tenantId: record.id, version, heardVersion, freshUntil: record.freshUntil });
  }

  private distrust(entry: Entry): void {
    entry.version = ++this.lastVersion;
    entry.record.freshUntil = 0;
  }

  private noted(freshUntil: number): number {
    this.lastFreshUntil = Math.max(this.lastFreshUntil, freshUntil);
    return freshUntil;
  }
}

/** Everything that leads to it, as far as it was found out. */
function namesOf({ id, slug }: TenantRecord, domain: string | null): TenantKey[] {
  const names: TenantKey[] = [`id:${id}`];
  if (slug !== null) names.push(`slug:${slug}`);
  if (domain !== null) names.push(`domain:${domain}`);
  return names;
}

function fresh(entry: Entry | undefined, now: number): TenantRecord | undefined {
  return entry && now < entry.record.freshUntil ? entry.record : undefined;
}
