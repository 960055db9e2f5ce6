import { AsyncLocalStorage } from 'node:async_hooks';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { assertId } from '../../common/index.js';
import { type ChangeListener, DATABASE_SETTINGS, type DatabaseSettings, UnitOfWork } from '../../database/index.js';
import { normalizeDomain } from '../domains/domain-name.js';
import { isSlug } from '../slug.js';
import { TenantNotFoundError } from '../tenants.errors.js';
import { TenantEvents } from '../tenants.events.js';
import { TenantChanges } from './tenant-changes.js';
import { type ReplacedRecord, TenantCache } from './tenant-cache.js';
import { type ResolvedTenantDirectoryOptions, TENANT_DIRECTORY_OPTIONS } from './tenant-directory.options.js';
import { type TenantKey, valueOf } from './tenant-key.js';
import { TenantLookups } from './tenant-lookups.js';
import { TenantReader } from './tenant-reader.js';
import type { TenantRecord } from './tenant-record.js';

/** What the directory remembers at this moment, and what it has done since the process started. */
export interface TenantDirectoryStatistics {
  readonly tenants: number;
  /** Slugs and domains that lead to them. */
  readonly names: number;
  /** Ids, slugs and domains that nobody has. */
  readonly missing: number;
  /** Whether changes of other processes are heard. */
  readonly isHearing: boolean;
  /** Whether the host database did not answer the last time it was asked. */
  readonly isDown: boolean;
  /** Statements that asked the host database. */
  readonly hostQueries: number;
  readonly servedWhileDown: number;
}

/**
 * Which tenants there are, answered from what this process remembers of the catalogue. Any number of simultaneous questions that it cannot
 * answer costs one statement, and changes reach every process within a second: at once where they are heard, and where they are not
 * after `tenantDatabases.catalogTtlMs`.
 *
 * Inside a transaction of the host the catalogue itself is asked, with what that transaction has written; nothing of that is remembered.
 *
 * While the host database cannot be reached, tenants that were seen active within `staleWhileDownMs` go on to be found. One that is known
 * to be suspended, or to have been changed since, never is as active.
 */
@Injectable()
export class TenantDirectory implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Tenants');
  /** What begins in one request and serves all must not keep its context. */
  private readonly detached = AsyncLocalStorage.snapshot();
  private readonly cache: TenantCache;
  private readonly lookups: TenantLookups;
  private readonly replacedListeners = new Set<(replaced: ReplacedRecord) => void>();
  private readonly listener: ChangeListener = {
    onChanged: (tenantIds) => this.readAgain(tenantIds),
    onHearing: () => {
      this.hearsSince = performance.now();
      this.distrustAll();
    },
    onGap: () => this.distrustAll(),
    isInterested: () => this.cache.hasFresh(performance.now()),
  };
  private hearsSince = Number.POSITIVE_INFINITY;

  constructor(
    @Inject(TENANT_DIRECTORY_OPTIONS) private readonly options: ResolvedTenantDirectoryOptions,
    @Inject(DATABASE_SETTINGS) host: DatabaseSettings,
    private readonly reader: TenantReader,
    private readonly changes: TenantChanges,
    private readonly unitOfWork: UnitOfWork,
    private readonly events: TenantEvents,
  ) {
    this.cache = new TenantCache(options);
    this.lookups = new TenantLookups({
      cache: this.cache,
      reader,
      host,
      downAfterMs: options.downAfterMs,
      answerTimeoutMs: options.answerTimeoutMs,
      freshUntil: (askedAt) => this.countsUntil(askedAt, Math.max(options.ttlMs, options.catalogTtlMs)),
      missingUntil: (askedAt) => this.countsUntil(askedAt, options.negativeTtlMs),
      onReplaced: (replaced) => this.tellOfReplaced(replaced),
    });
  }

  onModuleInit(): void {
    // This process knows of its own changes before anybody tells it.
    this.events.onCreated(async ({ tenant: { id, slug } }) => this.unitOfWork.afterCommit(() => this.invalidate(id, { slug })));
    this.events.onStatusChanged(({ tenantId }) => this.invalidate(tenantId));
  }

  /** Work that is under way may go on to ask, until the ORM is closed: after this, nothing asks by itself. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.changes.close();
    await this.settled();
  }

  /** Resolves when the host database is not being asked any more. */
  async settled(): Promise<void> {
    await this.lookups.settled();
  }

  /** @throws InvalidIdError, TenantNotFoundError, DatabaseUnreachableError */
  async getById(tenantId: string): Promise<TenantRecord> {
    return this.get(`id:${assertId(tenantId, 'tenant')}`);
  }

  /** @throws TenantNotFoundError, DatabaseUnreachableError */
  async getBySlug(slug: string): Promise<TenantRecord> {
    if (!isSlug(slug)) throw new TenantNotFoundError(slug);
    return this.get(`slug:${slug}`);
  }

  /**
   * Finds the tenant of a custom domain, as a browser or a DNS client writes it. Only a verified domain leads to a tenant.
   *
   * @throws TenantNotFoundError, DatabaseUnreachableError
   */
  async getByDomain(domain: string): Promise<TenantRecord> {
    const name = normalizeDomain(domain);
    if (name === undefined) throw new TenantNotFoundError(domain);
    return this.get(`domain:${name}`);
  }

  /**
   * Has the next question for this tenant, also by a name that it has got, go to the catalogue. For changes past the services, after their
   * commit: this process would hear of them a little later, or, where changes are not heard, once an answer counts no more.
   */
  invalidate(tenantId: string, names: { readonly slug?: string | null; readonly domain?: string } = {}): void {
    this.lookups.noteChange([tenantId]);
    this.cache.invalidate([tenantId]);
    const { slug, domain } = names;
    this.cache.forgetMissing([`id:${tenantId}`, `slug:${slug ?? ''}`, `domain:${domain ?? ''}`]);
  }

  /** Hears when a tenant turns out not to be what it was; returns what ends that. */
  onReplaced(listener: (replaced: ReplacedRecord) => void): () => void {
    this.replacedListeners.add(listener);
    return () => this.replacedListeners.delete(listener);
  }

  /**
   * Whether {@link onReplaced} would tell if this tenant ceased to be active now: this process hears of changes, and remembers the tenant
   * as active. It does not where it has found it inside a transaction of the host, has forgotten it since, or may have missed changes.
   */
  isWatching(tenantId: string): boolean {
    if (!this.changes.isHearing) return false;
    const known = this.cache.get(`id:${tenantId}`, performance.now());
    return known !== undefined && known !== 'missing' && known.status === 'active';
  }

  /** What it costs and what it saves. */
  statistics(): TenantDirectoryStatistics {
    const { entries, names, missing } = this.cache.sizes;
    const { isDown, hostQueries, servedWhileDown } = this.lookups;
    return { tenants: entries, names, missing, isHearing: this.changes.isHearing, isDown, hostQueries, servedWhileDown };
  }

  private async get(key: TenantKey): Promise<TenantRecord> {
    const record =
      this.unitOfWork.isActive && this.unitOfWork.isInTransaction
        ? await this.reader.readIn(this.unitOfWork.em, key)
        : await this.find(key);
    if (!record) throw new TenantNotFoundError(valueOf(key));
    return record;
  }

  private async find(key: TenantKey): Promise<TenantRecord | undefined> {
    const known = this.cache.get(key, performance.now());
    if (known !== undefined) return known === 'missing' ? undefined : known;
    this.detached(() => this.changes.start(this.listener));
    return this.lookups.ask(key);
  }

  private countsUntil(askedAt: number, heardMs: number): number {
    const { catalogTtlMs, ttlJitter } = this.options;
    const isHeard = this.changes.isHearing && askedAt >= this.hearsSince;
    if (!isHeard) return askedAt + Math.min(heardMs, catalogTtlMs);
    return askedAt + heardMs * (1 - ttlJitter * Math.random());
  }

  private distrustAll(): void {
    this.lookups.noteChange('unknown');
    this.cache.distrustAll();
  }

  private readAgain(tenantIds: readonly string[]): void {
    this.lookups.noteChange(tenantIds);
    const remembered = this.cache.invalidate(tenantIds);
    // Names that nobody had may lead to any of them now.
    const toRead = this.cache.sizes.missing > 0 ? tenantIds : remembered;
    // At once, so that a suspension is known before the host database may go away.
    if (toRead.length > 0) this.detached(() => this.lookups.refresh(toRead));
  }

  private tellOfReplaced(replaced: ReplacedRecord): void {
    for (const listener of this.replacedListeners) {
      try {
        listener(replaced);
      } catch (error) {
        this.logger.error(`A listener to the record of tenant ${replaced.tenantId} failed: ${String(error)}`);
      }
    }
  }
}
