import type { Options } from '@mikro-orm/core';
import { assertWholeOption, InvalidOptionError, withDefaults } from '../common/index.js';
import { FleetOptions, resolveFleetOptions } from './fleet/fleet.options.js';
import type { ConnectOptions, EntityDefinition, MikroOrmPassThrough, PoolOptions } from '../database/index.js';

/** What is in a tenant's own database, and how this process reaches it. */
export class TenantDatabasesOptions {
  /** The entities of the tenants' databases. They decide which repositories can be injected, so they are needed at registration. */
  readonly entities: readonly EntityDefinition[] = [];
  /** The migrations of the tenants' databases, as MikroORM takes them. Without them the tables are made from the entities. */
  readonly migrations?: Options['migrations'];
  /**
   * What happens to a tenant that is entered while its tables are older than this application: it is migrated first, which everybody who enters
   * it meanwhile waits for; it is refused with a `TenantOutdatedError`; or it is served as it is. One whose tables are newer is served.
   */
  readonly outdated: 'migrate' | 'refuse' | 'serve' = 'migrate';
  /** How this process takes part in migrating all tenants. */
  readonly fleet: FleetOptions = new FleetOptions();
  /** Where the files of SQLite tenants are. @default 'tenants', below the working directory */
  readonly directory: string = 'tenants';
  /** The connections that this process keeps to each PostgreSQL tenant. */
  readonly pool: PoolOptions = { min: 0, max: 4, idleTimeoutMillis: 10_000 };
  /** How many tenants' databases this process has open at once; for one more, the one that nobody has used for longest is closed. */
  readonly maxOpen: number = 100;
  /** How many connections the tenants' databases of this process may have in all: `pool.max` for each PostgreSQL tenant, 1 for SQLite. */
  readonly maxConnections: number = 200;
  /** How long a database that nobody uses stays open; 0 for as long as there is room. */
  readonly idleTimeoutMs: number = 300_000;
  /** How many databases are being opened at the same time. */
  readonly openingAtOnce: number = 4;
  /** What happens to a caller while all that may be open is in use: it waits its turn for `waitTimeoutMs`, or is refused at once. */
  readonly atCapacity: 'wait' | 'refuse' = 'wait';
  /** How long a caller waits for a place, before it gets a `TenantCapacityError`. */
  readonly waitTimeoutMs: number = 10_000;
  /** How long a shutdown waits for work in the tenants' databases to end, before it closes them all the same. */
  readonly shutdownTimeoutMs: number = 10_000;
  /** How long this process goes on without asking the catalogue whether a tenant is still active. */
  readonly catalogTtlMs: number = 1_000;
  /** How often an unreachable tenant database is tried. */
  readonly connect: ConnectOptions = { attempts: 3, backoffMs: 100 };
  /** Handed to MikroORM as it is; the host's `driverOptions` (TLS) apply where there are none here. */
  readonly mikroOrm?: MikroOrmPassThrough;
}

/** Injection token of the entities, which are known before the other options are. */
export const TENANT_ENTITIES = Symbol('nestjs-host-database:tenant-entities');

/** Injection token of the {@link TenantDatabasesOptions}. */
export const TENANT_DATABASES_OPTIONS = Symbol('nestjs-host-database:tenant-databases-options');

/** The options as an application gives them. */
export type GivenTenantDatabasesOptions = Partial<Omit<TenantDatabasesOptions, 'fleet'>> & {
  readonly fleet?: Partial<FleetOptions>;
};

const OUTDATED_POLICIES: readonly TenantDatabasesOptions['outdated'][] = ['migrate', 'refuse', 'serve'];

/** The options that are whole numbers, and the least that each can be. */
const WHOLE_OPTIONS = {
  catalogTtlMs: 0,
  maxOpen: 1,
  maxConnections: 1,
  idleTimeoutMs: 0,
  openingAtOnce: 1,
  waitTimeoutMs: 0,
  shutdownTimeoutMs: 0,
} as const satisfies Partial<Record<keyof TenantDatabasesOptions, number>>;

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveTenantDatabasesOptions(given: GivenTenantDatabasesOptions | undefined): TenantDatabasesOptions {
  const fleet = resolveFleetOptions(given?.fleet);
  const options = withDefaults(new TenantDatabasesOptions(), { ...given, fleet });
  for (const [name, min] of Object.entries(WHOLE_OPTIONS)) {
    assertWholeOption(`tenantDatabases.${name}`, options[name as keyof typeof WHOLE_OPTIONS], min);
  }
  if (options.atCapacity !== 'wait' && options.atCapacity !== 'refuse') {
    throw new InvalidOptionError('tenantDatabases.atCapacity', `is '${String(options.atCapacity)}'. Use 'wait' or 'refuse'.`);
  }
  if (!OUTDATED_POLICIES.includes(options.outdated)) {
    throw new InvalidOptionError('tenantDatabases.outdated', `is '${options.outdated}'. Use ${OUTDATED_POLICIES.join(', ')}.`);
  }
  return options;
}
