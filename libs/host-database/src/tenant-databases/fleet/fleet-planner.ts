import { Injectable } from '@nestjs/common';
import type { SchemaTarget } from '../schema-target.js';
import { TenantPlaces } from '../tenant-places.js';
import { TenantSchema } from '../tenant-schema.js';
import type { PlannedMigration } from './fleet-report.js';
import type { OutdatedRow } from './ledger/index.js';

/** Finds out what a run would do, without doing any of it. */
@Injectable()
export class FleetPlanner {
  constructor(
    private readonly schema: TenantSchema,
    private readonly places: TenantPlaces,
  ) {}

  /** Opens the databases of those tenants only of whom the catalogue does not tell enough. */
  async plan(rows: readonly OutdatedRow[], target: SchemaTarget, concurrency: number): Promise<PlannedMigration[]> {
    const planned: PlannedMigration[] = [];
    const left = rows.toReversed();
    const worker = async () => {
      for (let row = left.pop(); row; row = left.pop()) planned.push(await this.planOne(row, target));
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return planned.toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  }

  private async planOne(row: OutdatedRow, target: SchemaTarget): Promise<PlannedMigration> {
    const tenant = { tenantId: row.id, from: row.schemaVersion ?? undefined };
    const known = target.pendingOf(row);
    if (known) return { ...tenant, pending: known };
    const place = await this.places.find(row.id).catch((error: unknown) => ({ error }));
    try {
      if ('error' in place) throw place.error;
      return { ...tenant, pending: await this.schema.pendingAt(place) };
    } catch (error) {
      return { ...tenant, pending: [], error: this.places.describe(error, 'error' in place ? undefined : place) };
    }
  }
}
