import { MikroORM, type Options } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
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
import { EntityOwnership, tenantContextName } from './entity-ownership.js';
import { sharingOrm } from './sharing-orm.js';
import { TenantBindings } from './tenant-bindings.js';
import { TENANT_DATABASES_OPTIONS, TENANT_ENTITIES, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { tenantEntityManager } from './tenant-entity-manager.js';

/** Opens the ORM of one tenant. */
@Injectable()
export class TenantOrmFactory {
  private shared: Promise<MikroORM> | undefined;
  private entityManager: SqlEntityManagerClass | undefined;

  constructor(
    @Inject(TENANT_ENTITIES) private readonly entities: readonly EntityDefinition[],
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_OPTIONS) private readonly host: DatabaseModuleOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly scope: TransactionScope,
    private readonly bindings: TenantBindings,
    private readonly ownership: EntityOwnership,
  ) {}

  /** Where a tenant's `db_url` points to. */
  settingsOf(dbUrl: string, pool = this.options.pool): DatabaseSettings {
    return this.hostSettings.forTenant(dbUrl, pool);
  }

  /**
   * Connects to a tenant's database. Without `create`, one that is missing is an error: it is never made anew, empty.
   *
   * @throws DatabaseUnreachableError
   */
  async open(tenantId: string, dbUrl: string, { create = false, password, pool }: OpeningOptions = {}): Promise<MikroORM> {
    const settings = this.settingsOf(dbUrl, pool);
    const options = await this.ormOptions(settings, {
      // A name of its own: with a shared one, a look-up inside one tenant's transaction would find that of another.
      contextName: tenantContextName(tenantId),
      wrap: (base) => (this.entityManager ??= tenantEntityManager(base, { bindings: this.bindings, ownership: this.ownership })),
      driverOptions: settings.type === 'sqlite' && { fileMustExist: !create },
      password,
    });
    const orm = sharingOrm(options, await this.template());
    await connectWithRetries(orm, settings, this.options.connect);
    return orm;
  }

  /** The ORM that discovers the entities, once for all tenants. It never connects. */
  template(): Promise<MikroORM> {
    if (!this.shared) {
      const options = this.ormOptions(this.hostSettings, { contextName: TEMPLATE_CONTEXT });
      const template = options.then((given) => MikroORM.init(given));
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
      entities: this.entities,
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
  /** That of the tenant's own database user, where the address names one. */
  readonly password?: PasswordSource | undefined;
  /** @default the option `tenantDatabases.pool` */
  readonly pool?: PoolOptions;
}

/** In what the ORM of one tenant differs from that of another. */
interface TenantOrmOptions extends Pick<OrmBlueprint, 'wrap' | 'password'> {
  readonly contextName: string;
  readonly driverOptions?: object | false;
}

/** No tenant's: nothing is looked up by it. */
const TEMPLATE_CONTEXT = 'tenant-template';
