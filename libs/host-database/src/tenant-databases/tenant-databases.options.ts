import type { Options } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { assertWholeOption, InvalidOptionError, withDefaults } from '../common/index.js';
import { resolvePlacementOptions, type TenantPlacementOptions } from './placement/placement.options.js';
import { FleetOptions, resolveFleetOptions } from './fleet/fleet.options.js';
import type { ConnectOptions, EntityDefinition, MikroOrmPassThrough, PoolOptions } from '../database/index.js';
import type { TenantCatalog } from '../tenants/index.js';

/**
 * Fills the database of a tenant with what it begins with, in a unit of work of its own, with the tenant bound. With `warm` it needs
 * nothing of the tenant, and is done ahead where there is a warm pool.
 */
export type TenantSeed =
  | ((em: SqlEntityManager, tenant: TenantCatalog) => unknown)
  | { readonly warm: true; readonly run: (em: SqlEntityManager) => unknown };

export function isWarmSeed(seed: TenantSeed): seed is Extract<TenantSeed, { readonly warm: true }> {
  return typeof seed !== 'function';
}

/** Databases that are made before there are tenants for them, so that a sign-up does not wait for one. */
export interface WarmPoolOptions {
  /** How many are kept ready; 0 turns the pool off. */
  readonly size: number;
}

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
  /** On which servers new tenants live, and whether in databases or schemas. @default databases on the server of the host */
  readonly placement: TenantPlacementOptions = resolvePlacementOptions(undefined);
  /**
   * Whether each PostgreSQL tenant connects as a database user of its own, who can enter no other place, or all as the administrator.
   *
   * @default 'own' where the module has `secrets` to keep their passwords, else 'shared'
   */
  readonly users?: 'own' | 'shared';
  /** Whether a tenant's own user makes its tables and so migrates them, or works on rows of tables that the administrator migrates. */
  readonly userRights: 'owner' | 'data' = 'owner';
  /** How many connections the server gives the user of one tenant, over all processes. @default as many as there are */
  readonly userConnectionLimit?: number;
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
  /**
   * How long the catalogue's word on a tenant counts where this process does not hear of changes; with 0 it is asked each time. Where it
   * does, answers count for `tenantDirectory.ttlMs`.
   */
  readonly catalogTtlMs: number = 1_000;
  /** How often an unreachable tenant database is tried. */
  readonly connect: ConnectOptions = { attempts: 3, backoffMs: 100 };
  /** What a new tenant's database begins with. It may be called again after a crash, and so has to be idempotent. */
  readonly seed?: TenantSeed;
  /** How often provisioning a tenant is tried before it has failed. */
  readonly provisioningAttempts: number = 10;
  /** Databases that are made before there are tenants for them. The same in every process. */
  readonly warmPool: WarmPoolOptions = { size: 0 };
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
  provisioningAttempts: 1,
} as const satisfies Partial<Record<keyof TenantDatabasesOptions, number>>;

function assertOneOfOption(option: string, value: string, values: readonly [string, string]): void {
  if (values.includes(value)) return;
  throw new InvalidOptionError(option, `is '${value}'. Use '${values.join("' or '")}'.`);
}

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveTenantDatabasesOptions(given: GivenTenantDatabasesOptions | undefined): TenantDatabasesOptions {
  const fleet = resolveFleetOptions(given?.fleet);
  const options = withDefaults(new TenantDatabasesOptions(), { ...given, fleet });
  for (const [name, min] of Object.entries(WHOLE_OPTIONS)) {
    assertWholeOption(`tenantDatabases.${name}`, options[name as keyof typeof WHOLE_OPTIONS], min);
  }
  assertOneOfOption('tenantDatabases.atCapacity', options.atCapacity, ['wait', 'refuse']);
  assertOneOfOption('tenantDatabases.userRights', options.userRights, ['owner', 'data']);
  if (options.users !== undefined) assertOneOfOption('tenantDatabases.users', options.users, ['own', 'shared']);
  if (options.userConnectionLimit !== undefined) {
    assertWholeOption('tenantDatabases.userConnectionLimit', options.userConnectionLimit, 1);
  }
  if (!OUTDATED_POLICIES.includes(options.outdated)) {
    throw new InvalidOptionError('tenantDatabases.outdated', `is '${options.outdated}'. Use ${OUTDATED_POLICIES.join(', ')}.`);
  }
  assertWholeOption('tenantDatabases.warmPool.size', options.warmPool.size, 0);
  const { seed } = options;
  if (seed !== undefined && typeof seed !== 'function' && !(seed.warm && typeof seed.run === 'function')) {
    throw new InvalidOptionError(
      'tenantDatabases.seed',
      'is no function. Pass (em, tenant) => ..., or { warm: true, run: (em) => ... }.',
    );
  }
  return Object.assign(options, { placement: resolvePlacementOptions(options.placement) });
}
