import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';
import { TenantCatalog } from '../../tenants/index.js';

/** How a tenant stands: let in, let in to read, or refused. */
const STANDINGS = ['open', 'restricted', 'blocked'] as const;

export type Standing = (typeof STANDINGS)[number];

const AccessStandingSchema = defineEntity({
  name: 'AccessStanding',
  tableName: 'core_access_standings',
  properties: {
    tenantId: () =>
      p.manyToOne(TenantCatalog).primary().mapToPk().fieldName('tenant_id').deleteRule('cascade').updateRule('no action'),
    standing: p.enum(STANDINGS),
    changedAt: p.datetime(3).onCreate(timestamp),
  },
});

/**
 * How a tenant stood when it last came to something that is paid for (`core_access_standings`), so that each change of that is recorded once,
 * whichever process finds it out. One that was never refused has no row.
 */
export class AccessStanding extends AccessStandingSchema.class {}

AccessStandingSchema.setClass(AccessStanding);
