import { createHash } from 'node:crypto';
import { MikroORM } from '@mikro-orm/core';
import { Migrator } from '@mikro-orm/migrations';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf, migrateSchema } from '../database/index.js';
import { TenantBinding, TenantBindings } from './tenant-bindings.js';
import { TENANT_DATABASES_OPTIONS, TENANT_ENTITIES, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';

/** What tables are like: `version` is the newest migration, or tells one state of the entities from another. */
export interface SchemaState {
  readonly version: string | null;
}

/** The one place that brings the tables of a tenant up to date. */
@Injectable()
export class TenantSchema {
  private target: Promise<SchemaState> | undefined;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(TENANT_ENTITIES) private readonly entities: readonly unknown[],
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly factory: TenantOrmFactory,
    private readonly bindings: TenantBindings,
  ) {}

  /** What this application asks of the tables of its tenants. Found out once; connects to nothing. */
  current(): Promise<SchemaState> {
    if (!this.target) {
      const target = this.findTarget();
      // The next one tries again.
      target.catch(() => (this.target = undefined));
      this.target = target;
    }
    return this.target;
  }

  /** Brings the tables up to date through an ORM that is open. */
  async apply(tenantId: string, orm: MikroORM): Promise<SchemaState> {
    return this.bindings.run(new TenantBinding(tenantId), async () => {
      if (!this.options.migrations) {
        await orm.schema.update({ safe: true });
        return this.current();
      }
      await migrateSchema(orm, dialectOf(this.hostSettings.type), 'on-boot');
      return { version: (await orm.migrator.getExecuted()).at(-1)?.name ?? null };
    });
  }

  private async findTarget(): Promise<SchemaState> {
    if (this.options.migrations) return { version: (await knownMigrations(await this.factory.template())).at(-1) ?? null };
    if (this.entities.length === 0) return { version: null };
    const sql = await (await this.factory.template()).schema.getCreateSchemaSQL();
    return { version: `entities:${createHash('sha256').update(sql).digest('hex').slice(0, 16)}` };
  }
}

class KnownMigrations extends Migrator {
  async names(): Promise<string[]> {
    await this.resolvePaths();
    return (await this.discoverMigrations()).map(({ name }) => name);
  }
}

function knownMigrations(orm: MikroORM): Promise<string[]> {
  return new KnownMigrations(orm.em as SqlEntityManager).names();
}
