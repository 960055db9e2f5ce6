import type { TenantLocation } from './lease.js';

/** How much may be open at once, and what happens where that is not enough. */
export interface LeasePoolLimits {
  readonly maxOpen: number;
  readonly maxConnections: number;
  readonly openingAtOnce: number;
  readonly idleTimeoutMs: number;
  readonly atCapacity: 'wait' | 'refuse';
  readonly waitTimeoutMs: number;
}

/** How the pool's resources are opened and closed. */
export interface LeasePoolSource<T> {
  open(location: TenantLocation): Promise<T>;
  /** Nobody holds it any more, unless it is cut. May not reject. */
  close(resource: T, location: TenantLocation, options: { readonly isCut: boolean }): Promise<void>;
  /** How many database connections it may have at most. */
  connectionsOf(location: TenantLocation): number;
}

/** What the tenants' databases cost this process. The first five are of this moment, the others since the start. */
export interface TenantDatabasesStatistics {
  /** ORMs that can be used. */
  readonly open: number;
  /** Those of them that are in use. The others may be closed at any time. */
  readonly leased: number;
  readonly opening: number;
  readonly closing: number;
  /** Callers who wait for a place. */
  readonly waiting: number;
  /** The database connections that all of these may have at most: the sum of their pools' sizes. */
  readonly connections: number;
  readonly openings: number;
  readonly failedOpenings: number;
  /** ORMs that were closed to make room for another tenant. */
  readonly evictions: number;
  /** ORMs that were closed since nobody had used them for a while. */
  readonly expirations: number;
  /** Callers who were turned away, at once or after waiting. */
  readonly refusals: number;
}
