import { inspect } from 'node:util';
import { type EntityRepository, MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type AuditOptions, captureChangesOfScript, HostAuditLog } from './audit/index.js';
import { EntitlementSnapshotSubscriber, PricingPlan, Subscription } from './billing/index.js';
import { genId } from './common/index.js';
import {
  type DatabaseEnv,
  databaseOptionsFromEnv,
  DatabaseSettings,
  getDbUri,
  hostOrmOptions,
  prepareHostOrm,
  StatementGuards,
  type TransactionalOptions,
  TransactionScope,
  UnitOfWork,
} from './database/index.js';
import type { HostDatabaseOptions } from './host-database.options.js';
import { auditHostEntities, hostEntities } from './host-entities.js';
import { SystemJob } from './jobs/index.js';
import { Membership } from './memberships/index.js';
import { TenantCatalog } from './tenants/index.js';
import { GlobalUser } from './users/index.js';

/** What `HostDatabase.open()` takes: where the database is, what is in it, and what happens to its tables. */
export interface HostDatabaseScriptOptions extends Pick<HostDatabaseOptions, 'database' | 'migrate' | 'hostDatabase'> {
  /** Which of the application's own entities are audited, as the module is told. */
  readonly audit?: Pick<Partial<AuditOptions>, 'entities'>;
}

/**
 * The façade over the host database: its seven repositories and its unit of work.
 *
 * In a Nest application inject it: repositories and `em` find the unit of work of the request or job that calls. In a plain script open
 * it with {@link HostDatabase.fromEnv} or {@link HostDatabase.open}: then it has one unit of work, for the script.
 */
export class HostDatabase {
  private static instance: Promise<HostDatabase> | undefined;

  readonly globalUsers: EntityRepository<GlobalUser>;
  readonly tenantCatalogs: EntityRepository<TenantCatalog>;
  readonly memberships: EntityRepository<Membership>;
  readonly subscriptions: EntityRepository<Subscription>;
  readonly pricingPlans: EntityRepository<PricingPlan>;
  readonly auditLogs: EntityRepository<HostAuditLog>;
  readonly systemJobs: EntityRepository<SystemJob>;
  /** The host's EntityManager. */
  readonly em: SqlEntityManager;

  constructor(
    private readonly orm: MikroORM,
    private readonly unitOfWork: UnitOfWork,
  ) {
    this.em = unitOfWork.em;
    this.globalUsers = this.em.getRepository(GlobalUser);
    this.tenantCatalogs = this.em.getRepository(TenantCatalog);
    this.memberships = this.em.getRepository(Membership);
    this.subscriptions = this.em.getRepository(Subscription);
    this.pricingPlans = this.em.getRepository(PricingPlan);
    this.auditLogs = this.em.getRepository(HostAuditLog);
    this.systemJobs = this.em.getRepository(SystemJob);
  }

  /**
   * Opens the host database of the `DB_*` environment for a script, and brings its tables up to date. Every call in this process
   * returns the same instance until it is closed.
   *
   * @throws DatabaseConfigError, DatabaseUnreachableError
   */
  static fromEnv(env: DatabaseEnv = process.env): Promise<HostDatabase> {
    // Deferred, so that a wrong setting rejects like everything else that can go wrong here.
    HostDatabase.instance ??= Promise.resolve()
      .then(() => HostDatabase.open({ database: databaseOptionsFromEnv(env) }))
      .catch((error: unknown) => {
        HostDatabase.instance = undefined;
        throw error;
      });
    return HostDatabase.instance;
  }

  /**
   * Opens a host database for a script, and brings its tables up to date. Each call opens an instance of its own, with one unit of
   * work. Changes of the host's entities are recorded in the audit log, without personal data, and writes past the flush are refused. Name the
   * application's own entities and migrations as for the module; what is not named is neither there nor migrated.
   *
   * @throws DatabaseConfigError, DatabaseUnreachableError, SchemaOutdatedError, InvalidOptionError, UnauditableEntityError
   */
  static async open({
    database = databaseOptionsFromEnv(),
    migrate = 'on-boot',
    hostDatabase: { entities: own = [], migrations = [] } = {},
    audit: { entities: audited = [] } = {},
  }: HostDatabaseScriptOptions = {}): Promise<HostDatabase> {
    const scope = new TransactionScope();
    let script: SqlEntityManager | undefined;
    const guards = new StatementGuards();
    const contextName = `host:${genId()}`;
    const orm = await MikroORM.init(
      await hostOrmOptions({
        database,
        entities: [...hostEntities, ...own],
        migrations,
        scope,
        guards,
        script: () => script,
        contextName,
      }),
    );
    await prepareHostOrm(orm, database, migrate);
    captureChangesOfScript(orm, guards, (registry) => {
      auditHostEntities(registry);
      registry.registerAll(audited);
    });
    orm.em.getEventManager().registerSubscriber(new EntitlementSnapshotSubscriber());
    script = orm.em.fork({ useContext: true }) as SqlEntityManager;
    return new HostDatabase(orm, new UnitOfWork(orm, scope));
  }

  /** Closes and forgets what {@link fromEnv} has opened, so that a test begins anew. */
  static async resetInstance(): Promise<void> {
    const opened = HostDatabase.instance;
    HostDatabase.instance = undefined;
    // One that failed to open has nothing to close, and its error was the caller's.
    await opened?.then((hostDatabase) => hostDatabase.close()).catch(() => undefined);
  }

  /** Writes what was changed in this unit of work, in one transaction or as part of the one that is open. */
  async commit(): Promise<void> {
    await this.em.flush();
  }

  /** Discards what was changed and not committed: entities are detached, and an open `transactional()` will not commit. */
  rollback(): void {
    this.unitOfWork.rollback();
  }

  /**
   * Runs `work` in a transaction, or as part of the one that is open: flushed and committed when it resolves, all of it rolled back
   * when it throws. See {@link UnitOfWork.transactional}.
   *
   * @throws NoUnitOfWorkError outside a request, job, script or {@link run}
   */
  async transactional<T>(work: (em: SqlEntityManager) => T | Promise<T>, options?: TransactionalOptions): Promise<T> {
    return this.unitOfWork.transactional(work, options);
  }

  /** Runs `work` in a unit of work of its own: for start-up code and timers of an application. Flushed when it resolves. */
  async run<T>(work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    return this.unitOfWork.run(work);
  }

  /** Closes the connections. In an application the module does this at shutdown. */
  async close(): Promise<void> {
    if (HostDatabase.instance && (await HostDatabase.instance.catch(() => undefined)) === this) HostDatabase.instance = undefined;
    await this.orm.close(true);
  }

  /** Names the database, without the password. */
  toString(): string {
    return `HostDatabase(${DatabaseSettings.from({ url: getDbUri(this) }).toString()})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
