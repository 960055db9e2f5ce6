import type { DatabaseSettings } from '../database-settings.js';
import type { ConnectOptions, MikroOrmPassThrough } from '../database.options.js';

/** A server, and how its administrator reaches it. */
export interface AdministeredServer {
  /** The administrator's address. */
  readonly settings: DatabaseSettings;
  readonly connect?: ConnectOptions;
  readonly driverOptions?: MikroOrmPassThrough['driverOptions'];
}

/** What a database user may do in its place. */
export interface UserGrant {
  readonly user: string;
  /** `owner` makes tables of its own, and so can migrate them; `data` reads and writes rows of tables that the administrator makes. */
  readonly rights: 'owner' | 'data';
  /** How many connections the server gives it at most; none where it does not matter. */
  readonly connectionLimit?: number | undefined;
}

/**
 * Makes and removes places for tenants, and their users. Every step does nothing where it was done before, and never takes part in a
 * transaction of the caller: it has connections of its own, which end with it.
 *
 * All throw DatabaseUnreachableError when the server does not answer.
 */
export interface ServerAdministration {
  /** Makes the place, empty. */
  create(place: DatabaseSettings): Promise<void>;
  /** Removes the place with all that is in it, and cuts its connections. */
  drop(place: DatabaseSettings): Promise<void>;
  exists(place: DatabaseSettings): Promise<boolean>;
  /** The schemas of a whole database, for whoever is about to remove it; none where it is gone. Not there where a database has none. */
  schemasIn?(database: DatabaseSettings): Promise<readonly SchemaInDatabase[]>;
  /** Not there where a database has no users. */
  readonly users?: UserAdministration;
}

/** What lives in a database. */
export interface SchemaInDatabase {
  readonly name: string;
  /** Whether a host database has its tables there. */
  readonly isHost: boolean;
}

/** The users of a server. */
export interface UserAdministration {
  /** Makes the user, or gives it this password, and lets it, and nobody else but the administrator, into the place. */
  create(place: DatabaseSettings, grant: UserGrant & { readonly password: string }): Promise<void>;
  /** Removes the user and cuts its connections. What it owns in the place stays, and is the administrator's. */
  drop(place: DatabaseSettings, user: string): Promise<void>;
  /** Gives the user another password; `beforeCommit` may still prevent it. */
  changePassword(user: string, password: string, beforeCommit: () => Promise<void>): Promise<void>;
}
