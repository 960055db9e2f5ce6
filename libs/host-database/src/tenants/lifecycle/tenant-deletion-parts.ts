import { Injectable } from '@nestjs/common';
import { InvalidOptionError } from '../../common/index.js';

/** How much there is, by the names of tables or whatever else is counted. */
export type DeletionCounts = Readonly<Record<string, number>>;

/** Something outside of a tenant's own database that goes with the tenant: rows of the host, files, what another service keeps. */
export interface TenantDeletionPart {
  /** By which plans and the audit log tell of it; unique. */
  readonly name: string;
  /** Counts what `remove()` would remove now. */
  count(tenantId: string): Promise<DeletionCounts>;
  /**
   * Removes it, and returns what was removed. In a transaction on the host database, with the record that it is done; it is called again
   * where that is rolled back or its process dies, so what is not part of the transaction has to be removable twice.
   */
  remove(tenantId: string): Promise<DeletionCounts>;
}

/** What goes with a tenant, beside its own database. Rooms and applications add their parts in the constructor of a module. */
@Injectable()
export class TenantDeletionParts {
  private readonly parts = new Map<string, TenantDeletionPart>();

  /** @throws InvalidOptionError when there is one of this name */
  add(part: TenantDeletionPart): void {
    if (this.parts.has(part.name)) {
      throw new InvalidOptionError('TenantDeletionPart.name', `is '${part.name}' twice. Give each part a name of its own.`);
    }
    this.parts.set(part.name, part);
  }

  /** In the order in which they were added. */
  get all(): readonly TenantDeletionPart[] {
    return [...this.parts.values()];
  }
}
