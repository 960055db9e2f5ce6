import { DatabaseConfigError } from './database.errors.js';
import type { DatabaseType, PoolOptions } from './database.options.js';

const URL_TYPES: Readonly<Record<string, DatabaseType>> = {
  'postgres:': 'postgresql',
  'postgresql:': 'postgresql',
  'sqlite:': 'sqlite',
  'file:': 'sqlite',
};
/** What `sslmode` means for the driver. @see https://www.postgresql.org/docs/current/libpq-ssl.html */
const SSL_MODES: Readonly<Record<string, boolean | { rejectUnauthorized: boolean }>> = {
  disable: false,
  'no-verify': { rejectUnauthorized: false },
  require: true,
  'verify-ca': true,
  'verify-full': true,
};

/** PostgreSQL cuts longer names off without a word. */
const MAX_IDENTIFIER_BYTES = 63;

/** The parts of a database's address. */
export interface DatabaseLocation {
  readonly type: DatabaseType;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly name: string;
  /** The schema of a PostgreSQL database that a tenant lives in, where it does not have the whole of it. */
  readonly schema: string | undefined;
  readonly pool: PoolOptions;
  readonly ssl: boolean | { rejectUnauthorized: boolean } | undefined;
}

/** What one URL says. Parts that it leaves out are undefined. */
export function parseDatabaseUrl(url: string): Partial<DatabaseLocation> {
  const type = URL_TYPES[/^[a-z]+:/.exec(url)?.[0] ?? ''];
  if (type === undefined) {
    throw new DatabaseConfigError(['database.url is of no known kind. Use postgresql://... or sqlite:...']);
  }
  try {
    return type === 'sqlite' ? { type, ...sqlitePath(url) } : { type, ...serverLocation(new URL(url)) };
  } catch (error) {
    if (error instanceof DatabaseConfigError) throw error;
    // Not handed on as the cause: it carries the whole URL, password included.
    throw new DatabaseConfigError([
      'database.url cannot be read. Use postgresql://user:password@host:port/name and percent-encode special characters.',
    ]);
  }
}

function sqlitePath(url: string): Partial<DatabaseLocation> {
  const path = decodeURIComponent(url.replace(/^[a-z]+:(?:\/\/)?/, ''));
  return path ? { name: path } : {};
}

function serverLocation(url: URL): Partial<DatabaseLocation> {
  const name = decodeURIComponent(url.pathname.slice(1));
  return {
    ...(url.hostname && { host: url.hostname.replace(/^\[(.*)\]$/, '$1') }),
    ...(url.port && { port: Number(url.port) }),
    ...(url.username && { user: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
    ...(name && { name }),
    ...parameters(url.searchParams),
  };
}

function parameters(params: URLSearchParams): Pick<DatabaseLocation, 'ssl' | 'schema'> {
  let ssl: DatabaseLocation['ssl'];
  let schema: string | undefined;
  for (const [key, value] of params) {
    if (key === 'schema') {
      schema = assertSchema(value);
    } else if (key === 'sslmode' && value in SSL_MODES) {
      ssl = SSL_MODES[value];
    } else {
      throw new DatabaseConfigError([
        `database.url has the parameter ${key}, which is not understood. Use sslmode (${Object.keys(SSL_MODES).join(', ')}), ` +
          'schema for a tenant, or pass driver options in database.mikroOrm.driverOptions.',
      ]);
    }
  }
  return { ssl, schema };
}

/** One that is a tenant's own: `public` is the whole database's, and the others are PostgreSQL's. */
function assertSchema(name: string): string {
  const isOwn = name !== '' && name !== 'public' && name !== 'information_schema' && !name.startsWith('pg_');
  if (isOwn && Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES && !name.includes('\0')) return name;
  throw new DatabaseConfigError([
    `database.url has the schema '${name}', in which no tenant can live. Use one of its own, of at most ${MAX_IDENTIFIER_BYTES} bytes.`,
  ]);
}

/** Returns the address of a tenant without its password. It keeps the user, if it has one. */
export function withoutPassword(url: string): string {
  return parseDatabaseUrl(url).password === undefined ? url : withPassword(url, '');
}

/** Returns the address of a database on a server with another password, or with none where that is empty. */
export function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = encodeURIComponent(password);
  return changed.href;
}
