import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { TenantDomain } from '../domains/tenant-domain.entity.js';
import { TenantCatalog } from '../tenant-catalog.entity.js';
import type { FoundTenantRecord } from './tenant-cache.js';
import { type TenantKey, valueOf, valuesOf } from './tenant-key.js';
import { TenantRecord, type TenantRow } from './tenant-record.js';

/** What the catalogue is asked. */
export interface CatalogQuestion {
  readonly keys: readonly TenantKey[];
  /** Tenants of which all that leads to them is asked for: their slug and their verified domains. */
  readonly tenantsWithNames: readonly string[];
}

interface RawRow extends Omit<TenantRow, 'isActive' | 'cutsWork'> {
  readonly cutsWork: boolean | number;
  readonly isActive: boolean | number;
  readonly domain: string | null;
}

const COLUMNS = `t.id, t.name, t.slug, t.plan_tier as "planTier", t.status, t.is_active as "isActive", t.db_url as "dbUrl", t.mode, t.server,
  t.generation, t.schema_version as "schemaVersion", t.schema_digest as "schemaDigest", t.cuts_work as "cutsWork"`;
const TENANTS = `select ${COLUMNS}, null as domain from core_tenants t where`;
const DOMAINS = `select ${COLUMNS}, d.domain from core_tenant_domains d join core_tenants t on t.id = d.tenant_id where d.verified_at is not null and`;

/** Reads tenants' rows. */
@Injectable()
export class TenantReader {
  constructor(private readonly hostOrm: MikroORM) {}

  /** What is committed, in one statement, whatever it is asked. On the primary where there are replicas: those may be behind. */
  async read({ keys, tenantsWithNames }: CatalogQuestion): Promise<FoundTenantRecord[]> {
    const arms = [
      { sql: `${TENANTS} t.id in`, values: [...new Set([...valuesOf(keys, 'id'), ...tenantsWithNames])] },
      { sql: `${TENANTS} t.slug in`, values: valuesOf(keys, 'slug') },
      { sql: `${DOMAINS} d.domain in`, values: valuesOf(keys, 'domain') },
      { sql: `${DOMAINS} d.tenant_id in`, values: tenantsWithNames },
    ].filter(({ values }) => values.length > 0);
    // Each by an index of its own: a single condition on two tables would read all of them.
    const sql = arms.map((arm) => `${arm.sql} (${arm.values.map(() => '?').join(', ')})`).join(' union all ');
    const em = this.hostOrm.em.fork({ disableContextResolution: true }) as SqlEntityManager;
    const askedAt = performance.now();
    const rows: RawRow[] = await em.execute(
      sql,
      arms.flatMap(({ values }) => values),
    );
    return rows.map((row) => ({ record: committed(row, askedAt), domain: row.domain }));
  }

  /** What a transaction sees, with what it has written itself. */
  async readIn(em: SqlEntityManager, key: TenantKey): Promise<TenantRecord | undefined> {
    const askedAt = performance.now();
    const tenant = await this.findIn(em, key);
    return tenant ? new TenantRecord(tenant, { askedAt, isCommitted: false }) : undefined;
  }

  private async findIn(em: SqlEntityManager, key: TenantKey): Promise<TenantCatalog | null> {
    if (key.startsWith('id:')) return em.findOne(TenantCatalog, { id: valueOf(key) }, { disableIdentityMap: true });
    if (key.startsWith('slug:')) return em.findOne(TenantCatalog, { slug: valueOf(key) }, { disableIdentityMap: true });
    const where = { domain: valueOf(key), verifiedAt: { $ne: null } };
    const domain = await em.findOne(TenantDomain, where, { disableIdentityMap: true });
    return domain && em.findOne(TenantCatalog, { id: domain.tenant.id }, { disableIdentityMap: true });
  }
}

function committed({ isActive, cutsWork, ...row }: RawRow, askedAt: number): TenantRecord {
  return new TenantRecord({ ...row, isActive: Boolean(isActive), cutsWork: Boolean(cutsWork) }, { askedAt, isCommitted: true });
}
