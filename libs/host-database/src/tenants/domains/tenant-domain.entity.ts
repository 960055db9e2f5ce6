import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { TenantCatalog } from '../tenant-catalog.entity.js';

/** What keeps a domain with one tenant: any number may claim it, one can have proved that it is theirs. */
export const VERIFIED_DOMAIN_UNIQUE = {
  name: 'core_tenant_domains_verified_domain_unique',
  table: 'core_tenant_domains',
  columns: ['domain'],
} as const;

const TenantDomainSchema = defineEntity({
  name: 'TenantDomain',
  tableName: 'core_tenant_domains',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    tenant: () => p.manyToOne(TenantCatalog).ref().fieldName('tenant_id').deleteRule('cascade'),
    /** As DNS has it: lower case, an international name in its `xn--` form. */
    domain: p.string().length(253),
    /** What the owner of the domain has to publish. */
    token: p.string().length(64).hidden(),
    /** Since when it leads to the tenant; empty while it is only claimed. */
    verifiedAt: p.datetime(3).nullable(),
    /** When its record was last seen; empty while it is only claimed. */
    lastVerifiedAt: p.datetime(3).nullable(),
    /** When DNS was last asked about it, whatever came of that; empty while it is only claimed. */
    lastCheckedAt: p.datetime(3).nullable(),
    /** Since when DNS says that the record is not there any more; empty while it is, or nobody has asked. */
    missingSince: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  uniques: [
    { name: 'core_tenant_domains_tenant_id_domain_unique', properties: ['tenant', 'domain'] },
    { name: VERIFIED_DOMAIN_UNIQUE.name, properties: ['domain'], where: 'verified_at is not null' },
  ],
});

/** A domain that a tenant says is its own (`core_tenant_domains`). It leads to the tenant once that is verified. */
export class TenantDomain extends TenantDomainSchema.class {}

TenantDomainSchema.setClass(TenantDomain);
