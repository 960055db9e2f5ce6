import assert from 'node:assert/strict';
import { HostDatabase, TenantCatalog } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { TenantsService } from 'nestjs-host-database/tenants';

/**
 * Makes tenants as every installation gets them: created, provisioned by their jobs. Their databases go with this one.
 *
 * @returns {Promise<{ id: string, dbUrl: string }[]>}
 */
export async function provision(application, database, count) {
  const host = application.get(HostDatabase);
  const ids = await host.run(async () => {
    const made = [];
    for (let index = 0; index < count; index++) {
      made.push((await application.get(TenantsService).create({ name: `Tenant ${index}` })).id);
    }
    return made;
  });
  database.tenantIds.push(...ids);
  await application.get(JobsService).runPending();
  const rows = await host.run((em) => em.find(TenantCatalog, { id: { $in: ids }, status: 'active' }));
  assert.equal(rows.length, count);
  return rows.map(({ id, dbUrl }) => ({ id, dbUrl }));
}
