import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

const TenantRequestSchema = defineEntity({
  name: 'TenantRequest',
  tableName: 'sys_tenant_requests',
  properties: {
    /** What the caller made up for this one request. */
    idempotencyKey: p.string().length(255).primary(),
    /** The tenant that it made; no foreign key, since the key is taken before the tenant is written. */
    tenantId: p.string().length(32),
    /** A SHA-256 of what was asked for, so that another request with the same key is told apart. */
    fingerprint: p.string().length(64),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** That a request with an idempotency key has made a tenant (`sys_tenant_requests`). */
export class TenantRequest extends TenantRequestSchema.class {}

TenantRequestSchema.setClass(TenantRequest);
