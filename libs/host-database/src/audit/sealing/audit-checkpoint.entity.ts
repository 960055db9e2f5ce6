import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';

const AuditCheckpointSchema = defineEntity({
  name: 'AuditCheckpoint',
  tableName: 'sys_audit_checkpoints',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** `host`, or the id of a tenant: each has a chain of its own. */
    scope: p.string().length(32),
    /** Its place in the chain, from 1. */
    seq: p.integer(),
    /** How many rows it seals. */
    size: p.integer(),
    /** The smallest and the largest id in it. Another checkpoint's may lie between: a slow transaction's rows come late. */
    firstId: p.string().length(32),
    lastId: p.string().length(32),
    /** The exact text that is signed (RFC 8785). The other columns repeat it for queries. */
    body: p.text(),
    /** What the next one names as the one before it. */
    hash: p.string().length(64),
    keyId: p.string().length(63),
    /** Ed25519, base64. */
    signature: p.text(),
    /** Its leaves in the order of the tree: a line `id:leafHash` for each row. */
    manifest: p.text().lazy(),
    sealedAt: p.datetime(3).onCreate(timestamp),
  },
  indexes: [{ name: 'sys_audit_checkpoints_scope_last_id_index', properties: ['scope', 'lastId'] }],
  uniques: [{ name: 'sys_audit_checkpoints_scope_seq_unique', properties: ['scope', 'seq'] }],
});

/** A signed statement of what the log held (`sys_audit_checkpoints`). Written once, never changed. */
export class AuditCheckpoint extends AuditCheckpointSchema.class {}

AuditCheckpointSchema.setClass(AuditCheckpoint);
