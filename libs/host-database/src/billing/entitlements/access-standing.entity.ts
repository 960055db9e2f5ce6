import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

const AccessStandingSchema = defineEntity({
  name: 'AccessStanding',
  tableName: 'core_access_standings',
  properties: {
    tenantId: p.string().length(32).primary(),
    /** Whether it was refused the last time that this has changed. */
    isDenied: p.boolean(),
    changedAt: p.datetime(3).onCreate(timestamp),
  },
});

/**
 * Whether a tenant was last let in or refused for its payments (`core_access_standings`), so that each change of that is recorded once,
 * whichever process finds it out. One that was never refused has no row.
 */
export class AccessStanding extends AccessStandingSchema.class {}

AccessStandingSchema.setClass(AccessStanding);
