/** Who is told of changes to the catalogue, of this process and others. */
export interface TenantChangesListener {
  /** The rows of these tenants were changed, and that is committed. */
  onChanged(tenantIds: readonly string[]): void;
  /** From now on every change is told. Those of before may have been missed. */
  onHearing(): void;
  /** Changes may have been missed, or may be from now on. */
  onGap(): void;
  /** Whether there is anything that a change would matter for. */
  isInterested(): boolean;
}

/** Tells of changes to the catalogue of tenants. */
export abstract class TenantChanges {
  /** Whether every change is told at this moment. */
  abstract readonly isHearing: boolean;
  /** Begins to listen, where that has not begun or has ended. */
  abstract start(listener: TenantChangesListener): void;
  abstract close(): Promise<void>;
}

/** Changes are not told here: answers count for `catalogTtlMs`. */
export class UnheardTenantChanges extends TenantChanges {
  readonly isHearing = false;

  start(): void {
    // There is nothing to listen to.
  }

  async close(): Promise<void> {
    // Nothing was begun.
  }
}
