import { MikroORM, type Options, type Transaction } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { connectWithRetries } from '../connect.js';
import { inTimeForLock } from './lock-timeout.js';
import { postgresqlConnection } from './postgresql-connection.js';
import { quoteIdentifier as quote } from './postgresql-identifiers.js';
import type { AdministeredServer } from './server-administration.interface.js';

/** How much one process does at once as a server's administrator, who makes places and then is gone, with a connection or two for each. */
const MAX_SESSIONS = 4;
/** How long others may change privileges before that is given up, to be tried again. */
const PRIVILEGES_WAIT_MS = 30_000;
/** Any constant will do, as long as every process uses the same: the ASCII codes of `acls`. */
const PRIVILEGES_LOCK_KEY = 0x61636c73;

/** Connections of a server's administrator: a few at once, each opened for one piece of work and closed after it. */
export class AdministratorSessions {
  private open = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly server: AdministeredServer,
    private readonly privilegesWaitMs = PRIVILEGES_WAIT_MS,
  ) {}

  /** Runs `work` in the administrator's own database, or in another of the server. @throws DatabaseUnreachableError */
  async run<T>(work: (session: AdministratorSession) => Promise<T>, database?: string): Promise<T> {
    return this.connected(database, (connection) => work(new AdministratorSession(connection)));
  }

  /**
   * As {@link run}, in one transaction, while nobody else changes privileges on that database: two grants at once fail, "tuple concurrently
   * updated". The lock is one of the administrator's own database. In one that tenants may enter, any of them could hold it for ever.
   *
   * @throws LockWaitTimeoutException when others have had it for too long
   */
  async changingPrivileges<T>(database: string | undefined, work: (session: AdministratorSession) => Promise<T>): Promise<T> {
    const own = this.server.settings.name;
    const name = database ?? own;
    return this.connected(undefined, (connection) =>
      connection.transactional(async (transaction) => {
        const session = new AdministratorSession(connection, transaction);
        await session.lockPrivileges(name, this.privilegesWaitMs);
        if (name === own) return work(session);
        // With the place that it has: whoever waited for another one could wait for those that wait for this lock.
        return this.opened(name, (other) => other.transactional((inner) => work(new AdministratorSession(other, inner))));
      }),
    );
  }

  private async connected<T>(database: string | undefined, work: (connection: AbstractSqlConnection) => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await this.opened(database, work);
    } finally {
      this.leave();
    }
  }

  private async opened<T>(database: string | undefined, work: (connection: AbstractSqlConnection) => Promise<T>): Promise<T> {
    const orm = await this.connect(database);
    try {
      return await work(orm.driver.getConnection() as AbstractSqlConnection);
    } finally {
      await orm.close(true);
    }
  }

  private async connect(database: string | undefined): Promise<MikroORM> {
    const { settings, driverOptions } = this.server;
    const place = settings.with({ name: database ?? settings.name, pool: { min: 0, max: 1 } });
    const { ReleasingPostgresqlDriver } = await import('./releasing-postgresql.driver.js');
    const connection = postgresqlConnection(place);
    const options = {
      ...connection,
      driver: ReleasingPostgresqlDriver,
      driverOptions: { ...connection.driverOptions, ...driverOptions },
      entities: [],
      discovery: { warnWhenNoEntities: false },
      ensureDatabase: false,
    } as Options;
    const orm = await MikroORM.init(options);
    // Its address is a secret, and so is the administrator's name.
    const location = { type: settings.type, toString: () => place.toUriWithoutCredentials() };
    await connectWithRetries(orm, location, this.server.connect);
    return orm;
  }

  private async enter(): Promise<void> {
    if (this.open < MAX_SESSIONS) this.open++;
    // The place is handed over: nobody gets in between.
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.open--;
  }
}

/** What the administrator can do in one connection. */
export class AdministratorSession {
  constructor(
    private readonly connection: AbstractSqlConnection,
    private readonly transaction?: Transaction,
  ) {}

  async execute(sql: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    return this.connection.execute(sql, [...parameters], 'all', this.transaction);
  }

  async hasDatabase(name: string): Promise<boolean> {
    return (await this.execute('select 1 from pg_database where datname = ?', [name])).length > 0;
  }

  async hasUser(user: string): Promise<boolean> {
    return (await this.execute('select 1 from pg_roles where rolname = ?', [user])).length > 0;
  }

  /** Until the end of the transaction. @throws LockWaitTimeoutException */
  async lockPrivileges(database: string, waitMs: number): Promise<void> {
    await this.execute(`select set_config('lock_timeout', ?, true)`, [`${waitMs}ms`]);
    const sql = 'select pg_advisory_xact_lock(?, hashtext(?))';
    await inTimeForLock(() => this.execute(sql, [PRIVILEGES_LOCK_KEY, database]));
  }

  /** Lets in only who was given leave, as nobody is by default. */
  async closeToPublic(database: string): Promise<void> {
    const open = await this.execute(
      `select 1 from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) as acl where datname = ? and acl.grantee = 0`,
      [database],
    );
    if (open.length > 0) await this.execute(`revoke connect, temporary on database ${quote(database)} from public`);
    await this.execute('revoke create on schema public from public');
  }

  /** So that an administrator who is no superuser can end what the user does, and take over what it owns. */
  async joinUser(user: string): Promise<void> {
    const [self] = await this.execute('select rolsuper from pg_roles where rolname = current_user');
    if (self?.rolsuper !== true) await this.execute(`grant ${quote(user)} to current_user`);
  }
}
