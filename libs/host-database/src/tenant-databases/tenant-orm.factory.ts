import { MikroORM, type Options } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  connectWithRetries,
  DATABASE_OPTIONS,
  DATABASE_SETTINGS,
  type DatabaseModuleOptions,
  type DatabaseSettings,
  type EntityDefinition,
  type OrmBlueprint,
  ormOptions,
  type PasswordSource,
  type PoolOptions,
  type SqlEntityManagerClass,
  TransactionScope,
} from '../database/index.js';
import { TenantChangeCapture } from './audit-outbox/tenant-change-capture.js';
import { TenantServers } from './placement/index.js';
import { EntityOwnership, tenantContextName } from './entity-ownership.js';
import { sharingOrm } from './sharing-orm.js';
import { TenantSchemaError } from './tenant-databases.errors.js';
import { TenantBindings } from './tenant-bindings.js';
import { TENANT_DATABASES_OPTIONS, TENANT_ENTITIES, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { tenantEntityManager } from './tenant-entity-manager.js';

/** Opens the ORM of one tenant. */
@Injectable()
export class TenantOrmFactory implements OnModuleInit {
  private shared: Promise<MikroORM> | undefined;
  private entityManager: SqlEntityManagerClass | undefined;

  constructor(
    @Inject(TENANT_ENTITIES) private readonly entities: readonly EntityDefinition[],
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_OPTIONS) private readonly host: DatabaseModuleOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly servers: TenantServers,
    private readonly scope: TransactionScope,
    private readonly bindings: TenantBindings,
    private readonly ownership: EntityOwnership,
    private readonly capture: TenantChangeCapture,
  ) {}

  /** Finds out now, and not in the first request, that an entity cannot be audited. @throws UnauditableEntityError */
  async onModuleInit(): Promise<void> {
    if (this.capture.entities.length > 0) await this.template();
  }

  /** Where a tenant's `db_url` points to. */
  settingsOf(dbUrl: string, pool = this.options.pool): DatabaseSettings {
    return this.servers.settingsOf(dbUrl, pool);
  }

  /**
   * Connects to a tenant's database. Without `create`, one that is missing is an error: it is never made anew, empty.
   *
   * @throws DatabaseUnreachableError
   */
  async open(tenantId: string, dbUrl: string, options: OpeningOptions = {}): Promise<MikroORM> {
    const { create = false, migrates = false, password, pool } = options;
    const isEntered = !create && !migrates;
    // A user who may not make tables leaves that to the administrator.
    const asAdministrator = migrates && this.options.userRights === 'data';
    const settings = asAdministrator ? this.servers.administratorOf(dbUrl) : this.settingsOf(dbUrl, pool);
    const given = await this.ormOptions(settings, {
      // A name of its own: with a shared one, a look-up inside one tenant's transaction would find that of another.
      contextName: tenantContextName(tenantId),
      wrap: (base) => (this.entityManager ??= tenantEntityManager(base, { bindings: this.bindings, ownership: this.ownership })),
      driverOptions: settings.type === 'sqlite' && { fileMustExist: !create },
      // It is that of the tenant's user; the administrator's is among its settings.
      password: asAdministrator ? undefined : password,
      // Where tables are made nothing is guarded, as at the boot of the host.
      isWatched: isEntered,
    });
    const orm = sharingOrm(given, await this.template());
    if (isEntered) this.capture.attach(orm);
    await connectWithRetries(orm, settings, this.options.connect);
    await assertInOwnSchema(orm, settings);
    return orm;
  }

  /** The ORM that discovers the entities, once for all tenants. It never connects. */
  template(): Promise<MikroORM> {
    if (!this.shared) {
      const options = this.ormOptions(this.hostSettings, { contextName: TEMPLATE_CONTEXT });
      const template = options.then((given) => MikroORM.init(given)).then((orm) => this.capture.discovered(orm));
      // The next one tries again.
      template.catch(() => (this.shared = undefined));
      this.shared = template;
    }
    return this.shared;
  }

  private ormOptions(settings: DatabaseSettings, tenant: TenantOrmOptions): Promise<Options> {
    const driverOptions = {
      ...this.host.database.mikroOrm?.driverOptions,
      ...this.options.mikroOrm?.driverOptions,
      ...tenant.driverOptions,
    };
    return ormOptions({
      settings,
      entities: [...this.entities, ...this.capture.entities],
      guards: this.capture.guards,
      ...(tenant.isWatched !== undefined && { isWatched: tenant.isWatched }),
      scope: this.scope,
      contextName: tenant.contextName,
      context: (name) => this.scope.current(name),
      ...(tenant.wrap && { wrap: tenant.wrap }),
      password: tenant.password,
      mikroOrm: { ...this.options.mikroOrm, driverOptions, ensureDatabase: false },
      migrations: { silent: true, snapshot: false, ...this.options.migrations },
    });
  }
}

interface OpeningOptions {
  readonly create?: boolean;
  /** Tables are to be made or changed. */
  readonly migrates?: boolean;
  /** That of the tenant's own database user, where the address names one. */
  readonly password?: PasswordSource | undefined;
  /** @default the option `tenantDatabases.pool` */
  readonly pool?: PoolOptions;
}

/** In what the ORM of one tenant differs from that of another. */
interface TenantOrmOptions extends Pick<OrmBlueprint, 'wrap' | 'password' | 'isWatched'> {
  readonly contextName: string;
  readonly driverOptions?: object | false;
}

/**
 * Where a tenant has a schema, all that does not name one has to land there. A proxy may have kept the connection's settings to itself,
 * and a schema that is gone is not made anew.
 *
 * @throws TenantSchemaError
 */
async function assertInOwnSchema(orm: MikroORM, { schema }: DatabaseSettings): Promise<void> {
  if (schema === undefined) return;
  try {
    const foreign = [...orm.getMetadata()].find((meta) => meta.schema !== undefined);
    if (foreign) throw new TenantSchemaError(schema, { entityName: foreign.className });
    const connection = orm.driver.getConnection() as AbstractSqlConnection;
    const [row] = await connection.execute<{ schema: string | null }[]>('select current_schema() as schema');
    if (row?.schema !== schema) throw new TenantSchemaError(schema, { found: row?.schema ?? undefined });
  } catch (error) {
    await orm.close(true);
    throw error;
  }
}

/** No tenant's: nothing is looked up by it. */
const TEMPLATE_CONTEXT = 'tenant-template';
