import type { SchemaOutcome } from '../tenant-schema.js';
import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { hasPendingChanges } from '../../database/index.js';
import type { TenantCatalog } from '../../tenants/index.js';
import type { TenantPlace } from '../placement/index.js';
import { TenantBinding, type TenantBindings } from '../tenant-bindings.js';
import type { ProvisioningRun } from './provisioning-ledger.js';

/** What the tenant's database needs to be opened by. */
export interface WorkTools {
  readonly bindings: TenantBindings;
  readonly open: (tenantId: string, address: string, options: { readonly migrates: boolean }) => Promise<MikroORM>;
  readonly reveal: (stored: { readonly id: string; readonly dbUrl: string }) => Promise<string>;
}

/** What the steps of one attempt share: the place, the tenant, and its database, which is opened once for all of them. */
export class ProvisioningWork {
  private orm: Promise<MikroORM> | undefined;

  constructor(
    readonly run: ProvisioningRun,
    /** Undefined where a warm place is made. */
    readonly tenant: TenantCatalog | undefined,
    readonly signal: AbortSignal,
    private readonly tools: WorkTools,
  ) {}

  get tenantId(): string {
    return this.run.tenantId;
  }

  /** What the tables have come to: the result of `migrate`. */
  get schema(): { readonly schemaVersion: string | null; readonly schemaDigest: string | null } {
    const { version = null, digest = null } = (this.resultOf('migrate') as Partial<SchemaOutcome> | undefined) ?? {};
    return { schemaVersion: version, schemaDigest: digest };
  }

  /** Where the tenant is to live. Undefined before that is chosen. */
  get place(): TenantPlace | undefined {
    return this.resultOf('choose-server') as TenantPlace | undefined;
  }

  /** The `PlacingConditions` under which the server was chosen. */
  get chosenUnder(): string | undefined {
    return (this.resultOf('choose-server') as { readonly conditions?: string } | undefined)?.conditions;
  }

  /** Those under which the place was made as a whole; undefined where they changed meanwhile. */
  get madeUnder(): string | undefined {
    return (this.resultOf('create-user') as { readonly conditions?: string | null } | undefined)?.conditions ?? undefined;
  }

  /** The address with the tenant's own user where it has one: only for what opens a connection. */
  async address(): Promise<string> {
    const own = this.resultOf('create-user') as { readonly dbUrl: string } | undefined;
    if (own) return this.tools.reveal({ id: this.tenantId, dbUrl: own.dbUrl });
    if (!this.place) throw new TypeError(`No place is recorded for tenant ${this.tenantId}.`);
    return this.place.address;
  }

  /** Works with an ORM that may change the tables. */
  async migrating<T>(work: (orm: MikroORM) => Promise<T>): Promise<T> {
    const orm = await this.tools.open(this.tenantId, await this.address(), { migrates: true });
    try {
      return await work(orm);
    } finally {
      await orm.close(true);
    }
  }

  /** A unit of work in the tenant's database, as `TenantDatabases.run()` has it, which is for tenants that are active. */
  async inDatabase<T>(work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    const orm = await this.opened();
    const binding = new TenantBinding(this.tenantId);
    return this.tools.bindings.run(binding, async () => {
      const em = binding.begin(orm.em.fork({ disableContextResolution: true, useContext: true }) as SqlEntityManager);
      try {
        const result = await work(em);
        binding.assertWritable();
        if (hasPendingChanges(em)) await em.flush();
        return result;
      } finally {
        if (em.isInTransaction()) await em.rollback();
        binding.end();
      }
    });
  }

  /** Closes the tenant's database, if it was opened. */
  async close(): Promise<void> {
    const { orm } = this;
    this.orm = undefined;
    const opened = await orm?.catch(() => undefined);
    await opened?.close(true);
  }

  private opened(): Promise<MikroORM> {
    return (this.orm ??= this.address().then((address) => this.tools.open(this.tenantId, address, { migrates: false })));
  }

  private resultOf(step: string): unknown {
    return this.run.steps.get(step)?.result ?? undefined;
  }
}
