import { MikroORM } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import {
  connectWithRetries,
  DATABASE_OPTIONS,
  DATABASE_SETTINGS,
  type DatabaseModuleOptions,
  type DatabaseSettings,
  type EntityDefinition,
  ormOptions,
  TransactionScope,
} from '../database/index.js';
import { EntityOwnership, tenantContextName } from './entity-ownership.js';
import { TenantBinding, TenantBindings } from './tenant-bindings.js';
import { TENANT_DATABASES_OPTIONS, TENANT_ENTITIES, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { tenantEntityManager } from './tenant-entity-manager.js';

/** Opens the ORM of one tenant. */
@Injectable()
export class TenantOrmFactory {
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
  settingsOf(dbUrl: string): DatabaseSettings {
    return this.hostSettings.forTenant(dbUrl, this.options.pool);
  }

  /**
   * Connects to a tenant's database. Without `create`, one that is missing is an error: it is never made anew, empty.
   *
   * @throws DatabaseUnreachableError
   */
  async open(tenantId: string, dbUrl: string, { create = false } = {}): Promise<MikroORM> {
    const settings = this.settingsOf(dbUrl);
    const { mikroOrm: hostOrm } = this.host.database;
    const driverOptions = {
      ...hostOrm?.driverOptions,
      ...this.options.mikroOrm?.driverOptions,
      ...(settings.type === 'sqlite' && { fileMustExist: !create }),
    };
    const options = await ormOptions({
      settings,
      entities: this.entities,
      scope: this.scope,
      // A name of its own: with a shared one, a look-up inside one tenant's transaction would find that of another.
      contextName: tenantContextName(tenantId),
      context: (name) => this.scope.current(name),
      wrap: (base) => tenantEntityManager(base, { tenantId, bindings: this.bindings, ownership: this.ownership }),
      mikroOrm: { ...this.options.mikroOrm, driverOptions, ensureDatabase: false },
      migrations: { silent: true, snapshot: false, ...this.options.migrations },
    });
    // MikroORM makes forks of its own while it discovers the entities, and a fork is only let work where the tenant is bound.
    const orm = await this.bindings.run(new TenantBinding(tenantId), () => MikroORM.init(options));
    await connectWithRetries(orm, settings, this.options.connect);
    return orm;
  }
}
