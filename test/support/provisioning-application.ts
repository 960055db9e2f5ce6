import { randomUUID } from 'node:crypto';
import { defineEntity, p } from '@mikro-orm/core';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import { Discard, type JobsOptions } from 'nestjs-host-database/jobs';
import {
  type TenantDatabasesOptions,
  type TenantProvisioningContext,
  TenantProvisioningStep,
} from 'nestjs-host-database/tenant-databases';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.string().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

/** A tenant of this name cannot be provisioned. */
export const DOOMED = 'Doomed';

@Injectable()
class Terms {
  @TenantProvisioningStep({ name: 'write-terms', compensate: 'removeTerms' })
  async writeTerms({ em, tenant }: TenantProvisioningContext): Promise<void> {
    await em.upsert(Note, { id: 'terms', text: tenant?.name ?? '' });
  }

  async removeTerms({ em }: TenantProvisioningContext): Promise<void> {
    await em.nativeDelete(Note, { id: 'terms' });
  }

  @TenantProvisioningStep({ name: 'check-name', after: 'write-terms', runsFor: 'host' })
  checkName({ tenant }: TenantProvisioningContext): string {
    if (tenant?.name === DOOMED) throw new Discard('A tenant of this name cannot be.');
    return randomUUID();
  }
}

@Module({})
class ProvisioningModule {}

/** What several processes of a test share. */
export interface ProvisioningSetup {
  readonly database: DatabaseOptions;
  readonly directory: string;
  readonly jobs: Partial<JobsOptions>;
  /** With so many places, and no steps but those that are done ahead. */
  readonly warmPool?: number;
}

/** Starts an application whose tenants have a seed, steps of the application and, on PostgreSQL, database users of their own. */
export async function startProvisioning({
  database,
  directory,
  jobs,
  warmPool = 0,
}: ProvisioningSetup): Promise<INestApplicationContext> {
  const tenantDatabases: Partial<TenantDatabasesOptions> = {
    entities: [Note],
    directory,
    warmPool: { size: warmPool },
    seed: { warm: true, run: (em) => em.upsert(Note, { id: 'seed', text: 'seed' }) },
  };
  const secrets = { keyId: 'test', keys: { test: Buffer.alloc(32, 7) } };
  const host = HostDatabaseModule.forRoot({ database, jobs, tenantDatabases, secrets });
  const module = { module: ProvisioningModule, imports: [host], providers: warmPool > 0 ? [] : [Terms] };
  return NestFactory.createApplicationContext(module, { logger: process.env.LOG ? ['error', 'warn', 'log'] : false });
}
