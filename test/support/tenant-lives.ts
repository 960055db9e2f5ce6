import type { SqlEntityManager } from '@mikro-orm/sql';
import { TenantCatalog } from 'nestjs-host-database';

/** Takes a tenant to the end of its life, past the service: only then its row can be removed. Its database is left to the caller. */
export async function endLife(em: SqlEntityManager, tenantId: string): Promise<TenantCatalog> {
  const tenant = await em.findOneOrFail(TenantCatalog, { id: tenantId }, { refresh: true });
  Object.assign(tenant, { status: 'pending_deletion', isActive: false, deleteAfter: new Date(0), deletionFrom: null });
  await em.flush();
  Object.assign(tenant, { status: 'deleted', dbUrl: null, dbUrlHash: null, slug: null });
  await em.flush();
  return tenant;
}
