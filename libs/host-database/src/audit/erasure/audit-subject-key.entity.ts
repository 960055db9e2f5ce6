import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

const AuditSubjectKeySchema = defineEntity({
  name: 'AuditSubjectKey',
  tableName: 'sys_audit_subject_keys',
  properties: {
    /** The person whose data it opens: the id of a user, or what an application calls a subject. */
    subjectId: p.string().length(127).primary(),
    /** AES-256, wrapped by the key outside of the database; null once the person was erased, so that no new one is made. */
    wrappedKey: p.text().nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    erasedAt: p.datetime(3).nullable(),
  },
});

/** What makes a person's data in the log readable (`sys_audit_subject_keys`). Without it nobody can read them again. */
export class AuditSubjectKey extends AuditSubjectKeySchema.class {}

AuditSubjectKeySchema.setClass(AuditSubjectKey);
