import { AsyncLocalStorage } from 'node:async_hooks';
import type { MikroORM } from '@mikro-orm/core';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  applyMigrations,
  type ClosingThreads,
  DATABASE_SETTINGS,
  type DatabaseSettings,
  dialectOf,
  entitySchema,
  knownMigrations,
  lacksFromEntities,
  type PasswordSource,
  pendingMigrations,
  UnitOfWork,
  updateFromEntities,
} from '../database/index.js';
import { SchemaTarget } from './schema-target.js';
import { SchemaVersions } from './schema-versions.js';
import { TenantBinding, TenantBindings } from './tenant-bindings.js';
import { TENANT_DATABASES_OPTIONS, TENANT_ENTITIES, type TenantDatabasesOptions } from './tenant-databases.options.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';

/** Where the tables of a tenant are. */
export interface TenantPlaceAddress {
  readonly tenantId: string;
  /** Without a password. */
  readonly dbUrl: string;
  /** That of the tenant's own database user, if it has one. */
  readonly password?: PasswordSource | undefined;
}

/** What bringing a tenant's tables up to date has come to. */
export interface SchemaOutcome {
  /** The newest migration that it had; undefined where it had none, or its tables are made from the entities. */
  readonly from: string | undefined;
  /** What it has now; undefined where tenants have no tables. */
  readonly version: string | undefined;
  readonly digest: string | undefined;
  /** What was applied: migrations, or the version of the entities. */
  readonly applied: readonly string[];
}

/** A migration that is not part of a transaction needs a connection beside the one that holds the lock. */
const POOL = { min: 0, max: 2 } as const;

/**
 * The one place that brings the tables of a tenant up to date: by the application's migrations, or from its entities where it has none,
 * which adds tables and columns and takes nothing away.
 */
@Injectable()
export class TenantSchema implements OnApplicationShutdown {
  private readonly logger = new Logger('TenantDatabases');
  private target: Promise<SchemaTarget> | undefined;
  /** What is done for one caller may serve others, and must not remember the first one's tenant or transaction. */
  private readonly outsideOfCallers = AsyncLocalStorage.snapshot();
  private readonly recording = new Set<Promise<void>>();

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(TENANT_ENTITIES) private readonly entities: readonly unknown[],
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly factory: TenantOrmFactory,
    private readonly bindings: TenantBindings,
    private readonly versions: SchemaVersions,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Recording that somebody's transaction has put off. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.recording);
  }

  /** What this application asks of the tables of its tenants. Found out once; connects to nothing. */
  current(): Promise<SchemaTarget> {
    if (!this.target) {
      const target = this.outsideOfCallers(() => this.findTarget());
      // The next one tries again.
      target.catch(() => (this.target = undefined));
      this.target = target;
    }
    return this.target;
  }

  /**
   * Brings the tables of a tenant up to date through an ORM that is open, one process at a time, and records the version in the catalogue;
   * where the caller has a transaction on the host open, once that has ended. What it wrote is on the disk when it resolves.
   */
  async migrate(tenantId: string, orm: MikroORM): Promise<SchemaOutcome> {
    const outcome = await this.apply(tenantId, orm);
    await this.record(tenantId, outcome);
    return outcome;
  }

  /** As {@link migrate}, without recording anything. */
  async apply(tenantId: string, orm: MikroORM): Promise<SchemaOutcome> {
    const target = await this.current();
    return this.inTenant(tenantId, async () => {
      const dialect = dialectOf(this.hostSettings.type);
      if (this.options.migrations) {
        const { before, applied } = await applyMigrations(orm, dialect);
        return { from: before.at(-1), applied, ...versionOf(target, [...before, ...applied]) };
      }
      const hasChanged = target.version !== null && (await updateFromEntities(orm, dialect));
      return { from: undefined, applied: hasChanged ? [target.version] : [], ...versionOf(target, []) };
    });
  }

  /**
   * Opens the database for as long as that takes.
   *
   * @param threads where there are some, they are the last to close it
   * @throws DatabaseUnreachableError
   */
  async applyAt(place: TenantPlaceAddress, threads?: ClosingThreads): Promise<SchemaOutcome> {
    return this.openAt(place, (orm) => this.apply(place.tenantId, orm), threads);
  }

  /**
   * What a tenant lacks, as its database says: migrations, or the version of the entities. Writes nothing.
   *
   * @throws DatabaseUnreachableError
   */
  async pendingAt(place: TenantPlaceAddress): Promise<readonly string[]> {
    const { version } = await this.current();
    return this.openAt(place, (orm) =>
      this.inTenant(place.tenantId, async () => {
        if (this.options.migrations) return pendingMigrations(orm);
        return version !== null && (await lacksFromEntities(orm)) ? [version] : [];
      }),
    );
  }

  /** Writes the version into the catalogue; where the caller has a transaction on the host open, once that has ended. */
  async record(tenantId: string, { version, digest }: Pick<SchemaOutcome, 'version' | 'digest'>): Promise<void> {
    if (version === undefined || digest === undefined) return;
    const write = () => this.versions.write(tenantId, { version, digest });
    if (!this.unitOfWork.isActive || !this.unitOfWork.transactionEm) return write();
    this.unitOfWork.afterEnd(() => {
      const recording = this.outsideOfCallers(write)
        .catch((error: unknown) => {
          // Whoever enters the tenant next looks again.
          this.logger.warn(`The version of the tables of tenant ${tenantId} could not be recorded: ${String(error)}`);
        })
        .finally(() => this.recording.delete(recording));
      this.recording.add(recording);
    });
  }

  private async findTarget(): Promise<SchemaTarget> {
    if (this.options.migrations) return SchemaTarget.ofMigrations(await knownMigrations(await this.factory.template()));
    if (this.entities.length === 0) return SchemaTarget.nothing();
    return SchemaTarget.ofEntities(await entitySchema(await this.factory.template()));
  }

  private async openAt<T>(
    { tenantId, dbUrl, password }: TenantPlaceAddress,
    work: (orm: MikroORM) => Promise<T>,
    threads?: ClosingThreads,
  ): Promise<T> {
    return this.outsideOfCallers(async () => {
      const orm = await this.factory.open(tenantId, dbUrl, { migrates: true, password, pool: POOL });
      try {
        return await work(orm);
      } finally {
        const close = () => orm.close(true);
        await (threads ? threads.close(orm.config.get('dbName'), close) : close());
      }
    });
  }

  private inTenant<T>(tenantId: string, work: () => Promise<T>): Promise<T> {
    return this.outsideOfCallers(() => this.bindings.run(new TenantBinding(tenantId), work));
  }
}

function versionOf(target: SchemaTarget, applied: readonly string[]): Pick<SchemaOutcome, 'version' | 'digest'> {
  const after = target.versionAfter(applied);
  return { version: after?.version, digest: after?.digest };
}
