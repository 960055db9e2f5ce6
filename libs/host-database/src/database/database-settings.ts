import { createHash } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { DatabaseConfigError } from './database.errors.js';
import type { DatabaseOptions, DatabaseType, PoolOptions } from './database.options.js';
import { type DatabaseLocation, parseDatabaseUrl } from './database-url.js';

const SQLITE_MEMORY = ':memory:';

/** A place on a server. */
interface PlaceOnServer {
  readonly name: string;
  readonly schema?: string | undefined;
  readonly pool?: PoolOptions;
}

/**
 * Where one database is: the options with their defaults, checked. The password is a private field, so that no log, `inspect()`,
 * `JSON.stringify()` or `toString()` shows it.
 */
export class DatabaseSettings {
  readonly type: DatabaseType;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The name of the PostgreSQL database, or the absolute path of the SQLite file, or `:memory:`. */
  readonly name: string;
  /** The schema that a tenant lives in; undefined where the whole database is its own, and for the host. */
  readonly schema: string | undefined;
  readonly pool: PoolOptions;
  readonly ssl: boolean | { rejectUnauthorized: boolean } | undefined;
  readonly #password: string | undefined;

  private constructor(location: DatabaseLocation) {
    this.type = location.type;
    this.host = location.host;
    this.port = location.port;
    this.user = location.user;
    this.name = location.name;
    this.schema = location.schema;
    this.pool = location.pool;
    this.ssl = location.ssl;
    this.#password = location.password;
  }

  /** @throws DatabaseConfigError naming every option that is wrong */
  static from(options: DatabaseOptions): DatabaseSettings {
    const fromUrl = options.url === undefined ? {} : parseDatabaseUrl(options.url);
    const type = options.type ?? fromUrl.type ?? 'postgresql';
    const port = options.port ?? fromUrl.port ?? 5432;
    const problems: string[] = [];
    if (type !== 'postgresql' && type !== 'sqlite') {
      problems.push(`database.type is '${String(type)}'. Use 'postgresql' or 'sqlite'.`);
    }
    if (fromUrl.type !== undefined && fromUrl.type !== type) {
      problems.push(`database.url is of ${fromUrl.type}, but database.type is '${type}'. Make them agree.`);
    }
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      problems.push(`database.port is ${port}. Use a whole number from 1 to 65535.`);
    }
    const name = options.name ?? fromUrl.name ?? 'app_host';
    if (name === '') problems.push('database.name is empty. Name the database, or leave it out for app_host.');
    if (fromUrl.schema !== undefined) {
      problems.push('database.url names a schema, which only the address of a tenant can. Leave it out.');
    }
    if (problems.length > 0) throw new DatabaseConfigError(problems);
    return new DatabaseSettings({
      type,
      host: options.host ?? fromUrl.host ?? 'localhost',
      port,
      user: options.user ?? fromUrl.user ?? 'postgres',
      password: options.password ?? fromUrl.password,
      name: type === 'sqlite' ? sqliteFile(name) : name,
      schema: undefined,
      pool: options.pool ?? {},
      ssl: fromUrl.ssl,
    });
  }

  /** The same server and credentials with another database, or a schema of one. */
  with({ name, schema, pool = this.pool }: PlaceOnServer): DatabaseSettings {
    // oxlint-disable-next-line typescript/no-misused-spread -- the fields are meant, not the class
    return new DatabaseSettings({ ...this, password: this.#password, name, schema, pool });
  }

  /** The same place, for another user. */
  as(credentials: { readonly user: string; readonly password: string }): DatabaseSettings {
    // oxlint-disable-next-line typescript/no-misused-spread -- the fields are meant, not the class
    return new DatabaseSettings({ ...this, ...credentials });
  }

  /** Whether the other address leads to the same server, by its name: one server can have several. */
  isSameServer(other: DatabaseSettings): boolean {
    return this.type === other.type && this.host.toLowerCase() === other.host.toLowerCase() && this.port === other.port;
  }

  /**
   * Where a tenant's `db_url` points to: with these credentials if it has none of its own, and this server's `sslmode`.
   *
   * @throws DatabaseConfigError when it is of another kind of database
   */
  forTenant(dbUrl: string, pool: PoolOptions): DatabaseSettings {
    const location = parseDatabaseUrl(dbUrl);
    if (location.type !== this.type) {
      throw new DatabaseConfigError([`The db_url of a tenant is of ${location.type}, but the host database is ${this.type}.`]);
    }
    const credentials = location.user === undefined ? { user: this.user, password: this.#password } : location;
    return new DatabaseSettings({
      type: this.type,
      host: location.host ?? this.host,
      port: location.port ?? this.port,
      user: credentials.user ?? this.user,
      password: credentials.password,
      name: this.type === 'sqlite' ? sqliteFile(location.name ?? '') : (location.name ?? ''),
      schema: location.schema,
      pool,
      ssl: location.ssl ?? this.ssl,
    });
  }

  /** The password, for the driver alone. */
  revealPassword(): string | undefined {
    return this.#password;
  }

  get isInMemory(): boolean {
    return this.type === 'sqlite' && this.name === SQLITE_MEMORY;
  }

  /** The address without the password. */
  toString(): string {
    return this.address(`${encodeURIComponent(this.user)}@`);
  }

  /** The address with neither user nor password: what `core_tenants.db_url` holds. */
  toUriWithoutCredentials(): string {
    return this.address('');
  }

  /** A SHA-256 of the address without credentials: the same for two addresses that lead to the same database. */
  toAddressHash(): string {
    return createHash('sha256').update(this.address('', this.host.toLowerCase())).digest('hex');
  }

  toJSON(): string {
    return this.toString();
  }

  /** The one way to write an address: without credentials, unless it was given with some. */
  toAddress(given: string): string {
    return parseDatabaseUrl(given).user === undefined ? this.toUriWithoutCredentials() : given;
  }

  /** The address with the password: only for what opens a connection. */
  toUriWithPassword(): string {
    const password = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}`;
    return this.address(`${encodeURIComponent(this.user)}${password}@`);
  }

  private address(credentials: string, hostName = this.host): string {
    if (this.type === 'sqlite') return this.isInMemory ? `sqlite:${SQLITE_MEMORY}` : `sqlite://${encodeURI(this.name)}`;
    const host = hostName.includes(':') ? `[${hostName}]` : hostName;
    const schema = this.schema === undefined ? '' : `?schema=${encodeURIComponent(this.schema)}`;
    return `postgresql://${credentials}${host}:${this.port}/${encodeURIComponent(this.name)}${schema}`;
  }
}

function sqliteFile(name: string): string {
  if (name === SQLITE_MEMORY) return name;
  const file = /\.(db|sqlite3?)$/.test(name) ? name : `${name}.db`;
  return isAbsolute(file) ? file : resolve(file);
}
