import { Injectable } from '@nestjs/common';
import type { TenantCatalog, TenantMode } from './tenant-catalog.entity.js';

/** How and where a tenant lives. */
export interface TenantPlaceFacts {
  /** The name of one of the configured servers. @default none: the application has brought the database itself */
  readonly server?: string | null;
  /** @default what the address says */
  readonly mode?: TenantMode;
  /** The newest migration that it has. @default what the row says; unknown where the tenant lives at another address than before */
  readonly schemaVersion?: string | null;
  /** Of all that it has, so that one which was made late among older ones is missed. @default as `schemaVersion` */
  readonly schemaDigest?: string | null;
}

/** A place that was made before there is a tenant for it. */
export interface ReadyPlace extends TenantPlaceFacts {
  /** The id of the tenant that gets it: its address is encrypted for this one. */
  readonly tenantId: string;
  /** As the catalogue keeps it. */
  readonly dbUrl: string;
  readonly dbUrlHash: string;
  /** Whether nothing is left to do, so that the tenant can be entered at once. */
  readonly isComplete: boolean;
}

/** For whom a place is wanted, and where. */
export interface PlaceRequest {
  readonly ownerId: string | undefined;
  /** What was asked for, instead of what the options say. */
  readonly placement: { readonly mode?: TenantMode; readonly server?: string } | undefined;
}

/** A tenant that is to be given its place. */
export interface TenantToProvision extends PlaceRequest {
  readonly tenant: TenantCatalog;
  /** The place that was claimed for it. */
  readonly place: ReadyPlace | undefined;
}

/** What gives tenants their places. All of it is part of the caller's transaction. */
export interface TenantProvisioner {
  /** Takes a place that is ready, if there is one, before the tenant's row is written. */
  claimPlace(request: PlaceRequest): Promise<ReadyPlace | undefined>;
  /** Notes that a tenant was registered, and enqueues what is left to do. */
  begin(tenant: TenantToProvision): Promise<void>;
  /** Locks what is known of a tenant's provisioning, then `change`s the tenant, and enqueues it again. */
  restart<T>(tenantId: string, change: () => Promise<T>): Promise<T>;
}

/** Where the room of the tenants' databases says how tenants get theirs. */
@Injectable()
export class TenantProvisioners {
  private provisioner: TenantProvisioner | undefined;

  use(provisioner: TenantProvisioner): void {
    this.provisioner = provisioner;
  }

  /** Undefined where nothing provisions: tenants then wait for `TenantsService.activate()`. */
  get current(): TenantProvisioner | undefined {
    return this.provisioner;
  }
}
