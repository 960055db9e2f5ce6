import type { EntityName } from '@mikro-orm/core';
import type { INestApplication } from '@nestjs/common';
import { Subscription } from '../../billing/index.js';
import { UnitOfWork } from '../../database/index.js';
import { SystemJob } from '../../jobs/index.js';
import { Membership } from '../../memberships/index.js';
import { TenantCatalog, TenantDomain } from '../../tenants/index.js';

const TENANT_ROWS: readonly EntityName<{ tenant: unknown }>[] = [Membership, TenantDomain, Subscription];

/** What changes in a tenant's own row when somebody enters it, and nobody has asked for that. */
const CHANGED_ON_ENTRY = new Set(['schema_version', 'schema_digest']);

/** What a worker changes in a job is no request's doing: this is what was asked for, and whether it still is. */
const JOB_FIELDS = ['id', 'jobType', 'queue', 'payload', 'actorUserId', 'uniqueKey', 'priority'] as const;

/** The tenant's own row, and the rows of the host's tables that belong to it and that only those who may change it change, table by table, as text. */
export async function hostContentsOf(app: INestApplication, tenantId: string): Promise<ReadonlyMap<string, string>> {
  return app.get(UnitOfWork, { strict: false }).run(async (em) => {
    const contents = new Map<string, string>();
    for (const entity of TENANT_ROWS) {
      const rows = await em.createQueryBuilder(entity).select('*').where({ tenant: tenantId }).execute<object[]>('all', false);
      contents.set(`host table ${em.getMetadata().get(entity).tableName}`, asText(rows));
    }
    const [tenant] = await em
      .createQueryBuilder(TenantCatalog)
      .select('*')
      .where({ id: tenantId })
      .execute<object[]>('all', false);
    const facts = Object.entries(tenant ?? {}).filter(([column]) => !CHANGED_ON_ENTRY.has(column));
    contents.set('host table core_tenants', asText(facts));
    const jobs = await em.find(SystemJob, { tenantId }, { fields: [...JOB_FIELDS, 'status'], disableIdentityMap: true });
    const asked = jobs.map((job) => [job.status === 'cancelled', JOB_FIELDS.map((field) => job[field])]);
    return contents.set('host table sys_jobs', asText(asked));
  });
}

/** The same text for the same rows, in whatever order they come. */
export function asText(rows: readonly object[]): string {
  return JSON.stringify(rows.map((row) => JSON.stringify(row)).toSorted());
}
