import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

const AuditAnchoringSchema = defineEntity({
  name: 'AuditAnchoring',
  tableName: 'sys_audit_anchorings',
  properties: {
    checkpointId: p.string().length(32).primary(),
    /** The name of the anchor. */
    anchor: p.string().length(63).primary(),
    anchoredAt: p.datetime(3).onCreate(timestamp),
  },
});

/** That an anchor outside of the database has a checkpoint (`sys_audit_anchorings`). */
export class AuditAnchoring extends AuditAnchoringSchema.class {}

AuditAnchoringSchema.setClass(AuditAnchoring);
