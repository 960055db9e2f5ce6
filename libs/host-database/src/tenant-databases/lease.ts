import type { PasswordSource } from '../database/index.js';

/** Where a tenant's data is: what its ORM is opened from. */
export class TenantLocation {
  /** Tells the openings of one tenant apart: a tenant that has moved is opened anew, one with another password is not. */
  readonly key: string;

  constructor(
    readonly tenantId: string,
    /** Without a password. */
    readonly dbUrl: string,
    /** That of the tenant's own database user, if it has one. */
    readonly password?: PasswordSource,
  ) {
    this.key = `${tenantId} ${dbUrl}`;
  }
}

/** What the pool knows of one opened resource, from the first caller who asks for it until it is closed. */
export interface PoolSlot<T> {
  readonly location: TenantLocation;
  /** How many database connections it may have at most. */
  readonly connections: number;
  /** Settles when the wait for a place in the pool ends. */
  readonly admitted: PromiseWithResolvers<void>;
  /** Settles when the opening ends. */
  readonly opened: PromiseWithResolvers<void>;
  state: 'waiting' | 'opening' | 'open' | 'closing';
  resource: T | undefined;
  /** How many callers hold it, or wait for it. */
  leases: number;
  /** To be closed as soon as nobody holds it, and not to be handed to anybody meanwhile. */
  isRetired: boolean;
  /** To be closed at once, whoever holds it. */
  isCut: boolean;
  /** Since when nobody holds it, in milliseconds of the process's monotonic clock. */
  idleSince: number;
}

/** What a lease calls. */
export interface LeaseKeeper<T> {
  grant(slot: PoolSlot<T>): Lease<T>;
  release(slot: PoolSlot<T>): void;
}

/** The right to use an open resource: it is not closed before every lease on it is released. */
export class Lease<T> {
  private isReleased = false;

  constructor(
    private readonly keeper: LeaseKeeper<T>,
    private readonly slot: PoolSlot<T>,
    readonly resource: T,
  ) {}

  /** Whether the resource was closed while this lease was held. */
  get isCut(): boolean {
    return this.slot.isCut;
  }

  /** One more lease on the same resource, for work that may outlast this one. Only while this one is held. */
  again(): Lease<T> {
    return this.keeper.grant(this.slot);
  }

  /** Gives it back. The second time nothing happens. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.keeper.release(this.slot);
  }
}
