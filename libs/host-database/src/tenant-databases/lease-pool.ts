import { AsyncLocalStorage } from 'node:async_hooks';
import { IdleTimer } from './idle-timer.js';
import { Lease, type LeaseKeeper, type PoolSlot, type TenantLocation } from './lease.js';
import type { LeasePoolLimits, LeasePoolSource, TenantDatabasesStatistics } from './lease-pool.options.js';
import { TenantCapacityError, TenantDatabasesClosedError, TenantWorkCutError } from './tenant-databases.errors.js';

/**
 * A capped set of open resources, one for each location. Whoever holds a lease keeps its resource open; where there is no room the one
 * that nobody has used for longest is closed, and then another is opened. Callers who ask for the same location share one opening;
 * those who have to wait for a place get it in the order in which they came.
 */
export class LeasePool<T> implements LeaseKeeper<T> {
  /** All that can still be leased: waiting, opening and open. */
  private readonly slots = new Map<string, PoolSlot<T>>();
  /** What is open and not in use, the least recently used first. */
  private readonly idle = new Set<PoolSlot<T>>();
  private readonly queue: PoolSlot<T>[] = [];
  /** What takes up room: opening, open and closing. */
  private readonly held = new Set<PoolSlot<T>>();
  private readonly totals = { openings: 0, failedOpenings: 0, evictions: 0, expirations: 0, refusals: 0 };
  /** What is opened for one caller serves others, and may not remember the first one's tenant, transaction or request. */
  private readonly outsideOfCallers = AsyncLocalStorage.snapshot();
  private readonly expiry: IdleTimer;
  private opening = 0;
  private isClosed = false;
  private emptied: PromiseWithResolvers<void> | undefined;

  constructor(
    private readonly limits: LeasePoolLimits,
    private readonly source: LeasePoolSource<T>,
  ) {
    this.expiry = new IdleTimer(limits.idleTimeoutMs, () => this.expire());
  }

  /** A lease on what is open already, without waiting. */
  leaseOpen({ key }: TenantLocation): Lease<T> | undefined {
    const slot = this.slots.get(key);
    return slot?.state === 'open' && !slot.isRetired && !this.isClosed ? this.grant(slot) : undefined;
  }

  /**
   * A lease on what is opened if need be.
   *
   * @throws TenantCapacityError when there is no room, at once or after `waitTimeoutMs`
   * @throws TenantDatabasesClosedError once the pool is being closed
   * @throws TenantWorkCutError when the tenant is cut while this is opened for it
   */
  async lease(location: TenantLocation): Promise<Lease<T>> {
    this.assertUsable();
    let slot = this.slots.get(location.key);
    if (slot) slot.isRetired = false;
    if (slot?.state === 'open') return this.grant(slot);
    slot ??= this.enqueue(location);
    slot.leases++;
    try {
      await this.admission(slot);
      await slot.opened.promise;
    } catch (error) {
      this.release(slot);
      throw error;
    }
    return new Lease(this, slot, slot.resource as T);
  }

  /** Hands it to nobody any more, and closes it once it is not in use. Whoever asks for this very location again may have it. */
  retire({ key }: TenantLocation): void {
    const slot = this.slots.get(key);
    if (!slot) return;
    slot.isRetired = true;
    if (this.idle.has(slot)) this.shut(slot);
  }

  /** Closes all that is open for a tenant now, whoever holds it: what they still do there fails. */
  cut(tenantId: string): void {
    for (const slot of this.held) {
      if (slot.location.tenantId !== tenantId || slot.state === 'closing') continue;
      slot.isRetired = true;
      slot.isCut = true;
      if (slot.state === 'open') this.shut(slot);
    }
  }

  /** The tenants whose resources are in use. */
  leasedTenants(): string[] {
    return [...this.held].filter(({ leases }) => leases > 0).map(({ location }) => location.tenantId);
  }

  /** Waits for every lease, at most this long, and closes everything. Nothing can be leased from here on. */
  async close({ timeoutMs, forcedTimeoutMs }: { readonly timeoutMs: number; readonly forcedTimeoutMs: number }): Promise<void> {
    this.isClosed = true;
    this.expiry.stop();
    for (const slot of this.queue.splice(0)) {
      this.slots.delete(slot.location.key);
      slot.admitted.reject(new TenantDatabasesClosedError());
    }
    for (const slot of this.idle) this.shut(slot);
    await this.untilEmpty(timeoutMs);
    for (const slot of this.held) if (slot.state === 'open') this.shut(slot);
    await this.untilEmpty(forcedTimeoutMs);
  }

  /** @throws TenantDatabasesClosedError once the pool is being closed */
  assertUsable(): void {
    if (this.isClosed) throw new TenantDatabasesClosedError();
  }

  statistics(): TenantDatabasesStatistics {
    const open = [...this.held].filter(({ state }) => state === 'open').length;
    return {
      open,
      leased: open - this.idle.size,
      opening: this.opening,
      closing: this.held.size - open - this.opening,
      waiting: this.queue.reduce((sum, { leases }) => sum + leases, 0),
      connections: room(this.held).connections,
      ...this.totals,
    };
  }

  /** @internal */
  grant(slot: PoolSlot<T>): Lease<T> {
    if (slot.leases++ === 0) this.idle.delete(slot);
    return new Lease(this, slot, slot.resource as T);
  }

  /** @internal */
  release(slot: PoolSlot<T>): void {
    if (--slot.leases > 0) return;
    if (slot.state === 'open') this.rest(slot);
    else if (slot.state === 'waiting') this.withdraw(slot);
  }

  private enqueue(location: TenantLocation): PoolSlot<T> {
    const slot: PoolSlot<T> = {
      location,
      connections: this.source.connectionsOf(location),
      admitted: Promise.withResolvers(),
      opened: Promise.withResolvers(),
      state: 'waiting',
      resource: undefined,
      leases: 0,
      isRetired: false,
      isCut: false,
      idleSince: 0,
    };
    if (this.limits.atCapacity === 'refuse' && !this.canBeServed(slot)) throw this.refusal(slot, 0);
    // Every caller may have gone by then.
    for (const { promise } of [slot.admitted, slot.opened]) promise.catch(() => undefined);
    this.slots.set(location.key, slot);
    this.queue.push(slot);
    this.serve();
    return slot;
  }

  /** Whether there is room for it without anybody giving a lease back. */
  private canBeServed(slot: PoolSlot<T>): boolean {
    const inUse = [...this.slots.values()].filter(({ state, leases }) => state !== 'open' || leases > 0);
    return this.fits([...inUse, slot]);
  }

  private fits(slots: Iterable<PoolSlot<T>>): boolean {
    const { count, connections } = room(slots);
    return count <= this.limits.maxOpen && connections <= this.limits.maxConnections;
  }

  private async admission(slot: PoolSlot<T>): Promise<void> {
    if (slot.state !== 'waiting') return;
    const { waitTimeoutMs } = this.limits;
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(this.refusal(slot, waitTimeoutMs)), waitTimeoutMs);
    try {
      await Promise.race([slot.admitted.promise, timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  private refusal(slot: PoolSlot<T>, waitedMs: number): TenantCapacityError {
    this.totals.refusals++;
    return new TenantCapacityError(slot.location.tenantId, { waitedMs, ...this.limits });
  }

  /** Opens what the first in the queue wait for, and makes room for them. */
  private serve(): void {
    for (let head = this.queue[0]; head && this.opening < this.limits.openingAtOnce; head = this.queue[0]) {
      if (!this.fits([...this.held, head])) break;
      this.queue.shift();
      void this.open(head);
    }
    // What is on its way out makes room already, only later: it is not to be replaced twice.
    const staying = [...this.held].filter(({ state }) => state !== 'closing');
    const next = this.queue.slice(0, this.limits.openingAtOnce - this.opening);
    while (this.idle.size > 0 && !this.fits([...staying, ...next])) {
      const [oldest] = this.idle;
      if (!oldest) return;
      staying.splice(staying.indexOf(oldest), 1);
      this.totals.evictions++;
      this.shut(oldest);
    }
  }

  private async open(slot: PoolSlot<T>): Promise<void> {
    slot.state = 'opening';
    this.opening++;
    this.totals.openings++;
    this.held.add(slot);
    slot.admitted.resolve();
    try {
      slot.resource = await this.outsideOfCallers(() => this.source.open(slot.location));
      this.opening--;
      slot.state = 'open';
      if (slot.isCut) {
        // Nobody is to begin with it.
        this.shut(slot);
        slot.opened.reject(new TenantWorkCutError(slot.location.tenantId));
      } else {
        slot.opened.resolve();
        if (slot.leases === 0) this.rest(slot);
      }
    } catch (error) {
      this.opening--;
      this.totals.failedOpenings++;
      this.slots.delete(slot.location.key);
      this.forget(slot);
      slot.opened.reject(error);
    }
    this.serve();
  }

  /** Nobody uses it any more. */
  private rest(slot: PoolSlot<T>): void {
    if (slot.isRetired || this.isClosed) return this.shut(slot);
    slot.idleSince = performance.now();
    this.idle.add(slot);
    if (this.queue.length > 0) this.serve();
    this.expiry.start();
  }

  /** Nobody waits for it any more. */
  private withdraw(slot: PoolSlot<T>): void {
    const place = this.queue.indexOf(slot);
    // Gone already: the pool is being closed.
    if (place === -1) return;
    this.queue.splice(place, 1);
    this.slots.delete(slot.location.key);
    this.serve();
  }

  private shut(slot: PoolSlot<T>): void {
    slot.state = 'closing';
    this.idle.delete(slot);
    this.slots.delete(slot.location.key);
    const closed = () => {
      this.forget(slot);
      this.serve();
    };
    const { isCut } = slot;
    this.outsideOfCallers(() => this.source.close(slot.resource as T, slot.location, { isCut })).then(closed, closed);
  }

  /** It takes up no room any more. */
  private forget(slot: PoolSlot<T>): void {
    slot.resource = undefined;
    this.held.delete(slot);
    if (this.held.size === 0) this.emptied?.resolve();
  }

  /** Closes what has not been used for long enough; returns for how much longer the next one is let be. */
  private expire(): number | undefined {
    const now = performance.now();
    for (const slot of this.idle) {
      const leftMs = slot.idleSince + this.limits.idleTimeoutMs - now;
      if (leftMs > 0) return leftMs;
      this.totals.expirations++;
      this.shut(slot);
    }
    return undefined;
  }

  private async untilEmpty(timeoutMs: number): Promise<void> {
    if (this.held.size === 0) return;
    const emptied = Promise.withResolvers<void>();
    this.emptied = emptied;
    const timer = setTimeout(() => emptied.resolve(), timeoutMs);
    await emptied.promise;
    clearTimeout(timer);
  }
}

function room(slots: Iterable<PoolSlot<unknown>>): { count: number; connections: number } {
  let [count, connections] = [0, 0];
  for (const slot of slots) {
    count++;
    connections += slot.connections;
  }
  return { count, connections };
}
