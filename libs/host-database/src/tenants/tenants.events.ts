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

/** A tenant has lost a domain that was verified, and that was committed. */
export class TenantDomainLost {
  constructor(
    readonly tenantId: string,
    readonly domain: string,
    /** `record-missing`: its record was gone for longer than `graceDays`. `taken-over`: another tenant has proved that it is theirs. */
    readonly reason: 'record-missing' | 'taken-over',
  ) {}
}

type CreatedListener = (event: TenantCreated) => Promise<void>;
type StatusListener = (event: TenantStatusChanged) => void;
type DomainListener = (event: TenantDomainLost) => void;

/** Where rooms to the right hear of what happens to a tenant in this process. */
@Injectable()
export class TenantEvents {
  private readonly logger = new Logger('Tenants');
  private readonly createdListeners: CreatedListener[] = [];
  private readonly statusListeners = new Set<StatusListener>();
  private readonly domainListeners = new Set<DomainListener>();

  /** Takes part in the transaction that registers a tenant. */
  onCreated(listener: CreatedListener): void {
    this.createdListeners.push(listener);
  }

  /** Hears of committed changes; returns what ends that. */
  onStatusChanged(listener: StatusListener): () => void {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  /** Hears of domains that were lost, in the process that has found out; returns what ends that. */
  onDomainLost(listener: DomainListener): () => void {
    this.domainListeners.add(listener);
    return () => this.domainListeners.delete(listener);
  }

  async emitCreated(event: TenantCreated): Promise<void> {
    for (const listener of this.createdListeners) await listener(event);
  }

  emitStatusChanged(event: TenantStatusChanged): void {
    this.emitCommitted(this.statusListeners, event);
  }

  emitDomainLost(event: TenantDomainLost): void {
    this.emitCommitted(this.domainListeners, event);
  }

  private emitCommitted<T extends { readonly tenantId: string }>(listeners: Iterable<(event: T) => void>, event: T): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        // The change is committed: one listener's failure is neither the caller's nor that of the others.
        this.logger.error(`A listener to ${event.constructor.name} of tenant ${event.tenantId} failed: ${String(error)}`);
      }
    }
  }
}
