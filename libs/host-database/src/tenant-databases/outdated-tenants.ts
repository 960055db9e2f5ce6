import { Inject, Injectable, Logger } from '@nestjs/common';
import { TenantOutdatedError } from './fleet/fleet.errors.js';
import type { SchemaTarget, StoredSchema } from './schema-target.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { Turns } from './turns.js';
import { type SchemaOutcome, type TenantPlaceAddress, TenantSchema } from './tenant-schema.js';

/** How many tenants are remembered to be up to date although what the catalogue has said of them is older. */
const REMEMBERED = 10_000;

/**
 * What happens to a tenant that is entered and whose tables are not those of this application: `tenantDatabases.outdated`.
 *
 * One whose tables are ahead is served. While a deploy is rolled out the old processes meet tenants that the new ones have migrated, and after
 * one that was rolled back all do: refusing them would be the outage that the rollback was to end. A warning says so once for each version.
 */
@Injectable()
export class OutdatedTenants {
  private readonly logger = new Logger('TenantDatabases');
  private readonly migrating = new Map<string, Promise<SchemaOutcome>>();
  private readonly upToDate = new Map<string, string>();
  private readonly warned = new Set<string>();
  /** After a deploy every tenant may be entered at once. */
  private readonly turns: Turns;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    private readonly schema: TenantSchema,
  ) {
    this.turns = new Turns(options.openingAtOnce);
  }

  /**
   * Returns once the tenant may be entered; undefined where it may be at once. Callers who ask at the same time share one migration.
   *
   * @throws TenantOutdatedError where the option is `refuse`
   * @throws DatabaseUnreachableError, and whatever a migration throws
   */
  async admit(place: TenantPlaceAddress, stored: StoredSchema): Promise<void> {
    if (this.options.outdated === 'serve') return;
    const target = await this.schema.current();
    const state = target.stateOf(stored);
    if (state === 'current') return;
    const { tenantId } = place;
    if (state === 'ahead') return this.warnOfAhead(stored.schemaVersion ?? '', target);
    // The catalogue may have been read before that was recorded.
    if (this.upToDate.get(tenantId) === target.digest) return;
    if (this.options.outdated === 'refuse') {
      const lacks = state === 'behind' || (await this.turns.run(() => this.lacks(place)));
      if (lacks) throw new TenantOutdatedError(tenantId, stored.schemaVersion ?? undefined, target.version ?? '');
      return this.remember(tenantId, target);
    }
    await this.migrate(place, target);
  }

  private async migrate(place: TenantPlaceAddress, target: SchemaTarget): Promise<void> {
    const { tenantId } = place;
    const others = this.migrating.get(tenantId);
    if (others) {
      await others;
      return;
    }
    const own = this.turns.run(() => this.schema.applyAt(place)).finally(() => this.migrating.delete(tenantId));
    this.migrating.set(tenantId, own);
    const outcome = await own;
    this.remember(tenantId, target);
    if (outcome.applied.length > 0) this.logger.log(`Tenant ${tenantId} was brought to ${outcome.version} on its first use.`);
    // Not a part of what others wait for: one of them may have the transaction open that this has to wait for.
    await this.record(tenantId, outcome);
  }

  private async lacks(place: TenantPlaceAddress): Promise<boolean> {
    const target = await this.schema.current();
    if ((await this.schema.pendingAt(place)).length > 0) return true;
    const after = target.versionAfter(target.migrations);
    if (after) await this.record(place.tenantId, after);
    return false;
  }

  /** The tables are as they have to be: that the catalogue does not say so yet keeps nobody out. */
  private async record(tenantId: string, outcome: Pick<SchemaOutcome, 'version' | 'digest'>): Promise<void> {
    try {
      await this.schema.record(tenantId, outcome);
    } catch (error) {
      // Whoever enters the tenant next in another process looks again.
      this.logger.warn(`The version of the tables of tenant ${tenantId} could not be recorded: ${String(error)}`);
    }
  }

  private remember(tenantId: string, { digest }: SchemaTarget): void {
    if (digest === null) return;
    this.upToDate.delete(tenantId);
    this.upToDate.set(tenantId, digest);
    const [oldest] = this.upToDate.keys();
    if (this.upToDate.size > REMEMBERED && oldest !== undefined) this.upToDate.delete(oldest);
  }

  private warnOfAhead(version: string, target: SchemaTarget): void {
    if (this.warned.has(version)) return;
    this.warned.add(version);
    this.logger.warn(
      `Tenants have tables of a later application (${version}; this one knows ${target.version}). They are served. Deploy that one again, ` +
        'or make sure that this one can work with them.',
    );
  }
}
