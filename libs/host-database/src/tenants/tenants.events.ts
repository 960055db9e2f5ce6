import { Injectable, Logger } from '@nestjs/common';
import type { TenantCatalog, TenantStatus } from './tenant-catalog.entity.js';

/** A tenant was registered. Listeners run in its transaction, and their failure is its failure. */
export class TenantCreated {
  constructor(
    readonly tenant: TenantCatalog,
    /** Who is to own it. */
    readonly ownerId: string | undefined,
  ) {}
}

/** The status of a tenant has changed, and that was committed. */
export class TenantStatusChanged {
  constructor(
    readonly tenantId: string,
    readonly status: TenantStatus,
    /** Whether work that is under way in its database is cut, instead of being let end. */
    readonly cutsWork = false,
  ) {}
}

type CreatedListener = (event: TenantCreated) => Promise<void>;
type StatusListener = (event: TenantStatusChanged) => void;

/** Where rooms to the right hear of what happens to a tenant in this process. */
@Injectable()
export class TenantEvents {
  private readonly logger = new Logger('Tenants');
  private readonly createdListeners: CreatedListener[] = [];
  private readonly statusListeners = new Set<StatusListener>();

  /** Takes part in the transaction that registers a tenant. */
  onCreated(listener: CreatedListener): void {
    this.createdListeners.push(listener);
  }

  /** Hears of committed changes; returns what ends that. */
  onStatusChanged(listener: StatusListener): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  async emitCreated(event: TenantCreated): Promise<void> {
    for (const listener of this.createdListeners) await listener(event);
  }

  emitStatusChanged(event: TenantStatusChanged): void {
    for (const listener of this.statusListeners) {
      try {
        listener(event);
      } catch (error) {
        // The change is committed: one listener's failure is neither the caller's nor that of the others.
        this.logger.error(`A listener to the status of tenant ${event.tenantId} failed: ${String(error)}`);
      }
    }
  }
}
