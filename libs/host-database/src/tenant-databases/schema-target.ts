import { createHash } from 'node:crypto';

/** What the catalogue says of the tables of a tenant. */
export interface StoredSchema {
  readonly schemaVersion: string | null | undefined;
  readonly schemaDigest: string | null | undefined;
}

/**
 * How a tenant's tables stand to this application: `behind` by known migrations; `ahead`, with migrations of a later application, which
 * was rolled back or is being rolled out; `unknown`, so that its database has to be asked.
 */
export type SchemaState = 'current' | 'behind' | 'ahead' | 'unknown';

/** Versions of tables that are made from the entities, which have no order. */
const ENTITIES_PREFIX = 'entities:';

/** What the tables of this application's tenants have to be like. */
export class SchemaTarget {
  /** As `core_tenants.schema_version` has it; null where tenants have no tables. */
  readonly version: string | null;
  /** As `core_tenants.schema_digest` has it. */
  readonly digest: string | null;
  /** By each version the digest of all migrations up to it. */
  private readonly digests = new Map<string, string>();

  private constructor(
    /** All migrations, the oldest first; empty where the tables are made from the entities. */
    readonly migrations: readonly string[],
    entityHash: string | undefined,
  ) {
    const hash = createHash('sha256');
    for (const name of migrations) this.digests.set(name, hash.update(`${name}\n`).copy().digest('hex').slice(0, 16));
    this.version = migrations.at(-1) ?? (entityHash === undefined ? null : `${ENTITIES_PREFIX}${entityHash}`);
    this.digest = entityHash ?? this.digests.get(migrations.at(-1) ?? '') ?? null;
  }

  static ofMigrations(migrations: readonly string[]): SchemaTarget {
    return new SchemaTarget(migrations, undefined);
  }

  /** @param hash tells one state of the entities from another */
  static ofEntities(hash: string): SchemaTarget {
    return new SchemaTarget([], hash);
  }

  /** Of an application that keeps nothing in the databases of its tenants. */
  static nothing(): SchemaTarget {
    return new SchemaTarget([], undefined);
  }

  stateOf({ schemaVersion, schemaDigest }: StoredSchema): SchemaState {
    if (this.version === null) return 'current';
    if (schemaVersion === this.version && schemaDigest === this.digest) return 'current';
    if (schemaVersion == null || this.migrations.length === 0 || schemaVersion.startsWith(ENTITIES_PREFIX)) return 'unknown';
    // With another digest it lacks a migration that was added among older ones, or has one that this application does not know.
    if (this.digests.has(schemaVersion)) return this.digests.get(schemaVersion) === schemaDigest ? 'behind' : 'unknown';
    return isLater(schemaVersion, this.version) ? 'ahead' : 'unknown';
  }

  /** The migrations that a tenant lacks, as far as the catalogue tells; undefined where its database has to be asked. */
  pendingOf(stored: StoredSchema): string[] | undefined {
    const state = this.stateOf(stored);
    if (state === 'unknown') return undefined;
    return state === 'behind' ? this.migrations.slice(this.migrations.indexOf(stored.schemaVersion ?? '') + 1) : [];
  }

  /** What to remember of a database that has these migrations, in the order in which they were applied. */
  versionAfter(applied: readonly string[]): { readonly version: string; readonly digest: string } | undefined {
    if (this.version === null || this.digest === null) return undefined;
    const foreign = applied.findLast((name) => !this.digests.has(name) && isLater(name, this.version ?? ''));
    return { version: foreign ?? this.version, digest: this.digest };
  }
}

/** The names of migrations begin with the time at which they were made. */
function isLater(name: string, than: string): boolean {
  return name > than;
}
