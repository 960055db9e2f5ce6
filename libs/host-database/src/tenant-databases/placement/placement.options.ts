import { assertWholeOption, InvalidOptionError } from '../../common/index.js';
import { type DatabaseType, DatabaseSettings } from '../../database/index.js';
import { TENANT_MODES, type TenantMode } from '../../tenants/index.js';

/** The server of the host database, or the directory of `tenantDatabases.directory`. It is there whether it is named or not. */
export const HOST_SERVER = 'host';
/** After the name of the host database: the database in which tenants have schemas, where no other is named. */
export const SCHEMA_DATABASE_SUFFIX = '_tenants';
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

/** A server, or for SQLite a directory, on which tenants may live. */
export interface TenantServerOptions {
  /**
   * The address of a user who may create databases and users there, for PostgreSQL: `postgresql://user:password@host:port/name`. It is
   * used to make and remove what tenants have, and by the tenants themselves where they have no users of their own. Not for `host`.
   */
  readonly url?: string;
  /** Where the files are, for SQLite. Not for `host`. */
  readonly directory?: string;
  /** The database that has the schemas of tenants in `schema` mode. @default the name of the host database, and `_tenants` */
  readonly schemaDatabase?: string;
  /** How many tenants it should have in comparison with the others. @default 1 */
  readonly weight?: number;
  /** Whether new tenants are placed there. Those that it has stay. @default true */
  readonly acceptsNew?: boolean;
}

/** A server as {@link TenantPlacementOptions.choose} is shown it. */
export interface ServerLoad {
  readonly name: string;
  readonly weight: number;
  /** How many tenants live there, with those that were placed there a moment ago. */
  readonly tenants: number;
}

/** For which tenant a place is looked for, and which servers take one. */
export interface PlacementChoice {
  readonly tenantId: string;
  /** Undefined where the tenant is made in advance, and nobody's yet. */
  readonly planTier: string | undefined;
  /** That of the options, or what was asked for. */
  readonly mode: TenantMode;
  readonly servers: readonly ServerLoad[];
}

/** What an application decides for one tenant; what it leaves out is as it would be without it. */
export interface PlacementDecision {
  readonly server?: string;
  readonly mode?: TenantMode;
}

/** Where new tenants are placed. */
export interface TenantPlacementOptions {
  /** How a tenant's data is kept apart, where nothing else is asked for. `schema` is for PostgreSQL. @default 'database' */
  readonly mode?: TenantMode;
  /** The servers, by the names that the catalogue keeps: `host` may be among them. @default `{ host: {} }` */
  readonly servers?: Readonly<Record<string, TenantServerOptions>>;
  /** Decides for a tenant, by its plan for one. @default the server with the fewest tenants by its weight */
  readonly choose?: (choice: PlacementChoice) => PlacementDecision | Promise<PlacementDecision>;
}

/** @throws InvalidOptionError naming the option that is wrong */
export function resolvePlacementOptions(given: TenantPlacementOptions | undefined): TenantPlacementOptions {
  const { mode = 'database', servers = { [HOST_SERVER]: {} }, choose } = given ?? {};
  if (!TENANT_MODES.includes(mode)) {
    throw new InvalidOptionError('tenantDatabases.placement.mode', `is '${mode}'. Use ${TENANT_MODES.join(' or ')}.`);
  }
  const checked = Object.entries(servers).map(([name, server]) => [name, checkedServer(name, server)] as const);
  if (!checked.some(([, { acceptsNew = true }]) => acceptsNew)) {
    throw new InvalidOptionError('tenantDatabases.placement.servers', 'has none that takes new tenants. Let one accept them.');
  }
  return { mode, servers: Object.fromEntries(checked), ...(choose && { choose }) };
}

/** Where each server is has to agree with what the host database is. @throws InvalidOptionError */
export function assertServersOf(type: DatabaseType, { mode, servers = {} }: TenantPlacementOptions): void {
  if (type === 'sqlite' && mode === 'schema') {
    throw new InvalidOptionError('tenantDatabases.placement.mode', `is 'schema', which SQLite does not have. Use 'database'.`);
  }
  const [right, wrong] = type === 'sqlite' ? (['directory', 'url'] as const) : (['url', 'directory'] as const);
  for (const [name, server] of Object.entries(servers)) {
    const isHost = name === HOST_SERVER;
    if (server[wrong] === undefined && (server[right] === undefined) === isHost) continue;
    const advice = isHost ? 'is where the host database is. Leave url and directory out.' : `is of ${type}. Give it a ${right}.`;
    throw new InvalidOptionError(`tenantDatabases.placement.servers.${name}`, advice);
  }
}

function checkedServer(name: string, server: TenantServerOptions): TenantServerOptions {
  const option = `tenantDatabases.placement.servers.${name}`;
  if (!NAME.test(name)) {
    throw new InvalidOptionError(
      option,
      'has a name of other than lower-case letters, digits, dots and dashes, or over 63 of them.',
    );
  }
  const { url, weight = 1, ...others } = server;
  assertWholeOption(`${option}.weight`, weight, 1);
  if (url !== undefined) assertUrl(`${option}.url`, url);
  // The address is a secret: it is not shown where the options are printed.
  return Object.defineProperty({ ...others, weight }, 'url', { value: url, enumerable: false });
}

function assertUrl(option: string, url: string): void {
  try {
    DatabaseSettings.from({ type: 'postgresql', url });
  } catch {
    // What is wrong with it may be quoted there.
    throw new InvalidOptionError(option, 'is no address of a server. Use postgresql://user:password@host:port/name.');
  }
}
