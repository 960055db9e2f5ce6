import { inspect } from 'node:util';
import { DatabaseSettings, dialectOf, type ServerAdministration } from '../../database/index.js';
import type { TenantMode } from '../../tenants/index.js';
import type { TenantServerOptions } from './placement.options.js';

/** What a server is made of. */
interface TenantServerParts {
  readonly name: string;
  /** The administrator's address. */
  readonly settings: DatabaseSettings;
  readonly administration: ServerAdministration;
  readonly directory: string;
  readonly options: TenantServerOptions;
  readonly schemaDatabase: string;
}

/** A server that tenants live on, or a directory of SQLite files. */
export class TenantServer {
  readonly name: string;
  readonly weight: number;
  readonly acceptsNew: boolean;
  /** Makes and removes what tenants have there, as the server's administrator. */
  readonly administration: ServerAdministration;
  /** Where the files of SQLite tenants are. */
  readonly directory: string;
  readonly #settings: DatabaseSettings;
  readonly #schemaDatabase: string;

  constructor({ name, settings, administration, directory, options, schemaDatabase }: TenantServerParts) {
    this.name = name;
    this.weight = options.weight ?? 1;
    this.acceptsNew = options.acceptsNew ?? true;
    this.administration = administration;
    this.directory = directory;
    this.#settings = settings;
    this.#schemaDatabase = schemaDatabase;
  }

  /** How its administrator reaches it: with the password. */
  get settings(): DatabaseSettings {
    return this.#settings;
  }

  /** The name of the database in which the tenants of this server have schemas. */
  get schemaDatabase(): string {
    return this.#schemaDatabase;
  }

  /** Where a tenant lives that is placed here, without credentials. */
  addressOf(tenantId: string, mode: TenantMode): string {
    if (mode === 'database') return dialectOf(this.settings.type).tenantDatabaseUrl(this.settings, tenantId, this.directory);
    return this.settings.with({ name: this.#schemaDatabase, schema: `tenant_${tenantId}` }).toUriWithoutCredentials();
  }

  toString(): string {
    return `TenantServer(${this.name})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
