import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';

/** Where a job stands. `completed` and `failed` are final. */
export const JOB_STATUSES = ['pending', 'running', 'completed', 'failed'] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

const SystemJobSchema = defineEntity({
  name: 'SystemJob',
  tableName: 'sys_jobs',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** `room.verb-noun`: names the handler. */
    jobType: p.string().length(127),
    /** The tenant that the work is for; no foreign key, so that history outlives it. */
    tenantId: p.string().length(32).nullable().index('sys_jobs_tenant_id_index'),
    status: p.enum(JOB_STATUSES).default('pending'),
    payload: p.json().$type<unknown>().nullable(),
    errorLog: p.text().nullable(),
    /** Raised by each claim. Who completes or fails a job shows the token of their claim, so that a late one changes nothing. */
    claimToken: p.integer().default(0),
    /** When a claim lapses unless it is renewed, by the database's clock. */
    leaseExpiresAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    completedAt: p.datetime(3).nullable(),
  },
  indexes: [
    { name: 'sys_jobs_status_id_index', properties: ['status', 'id'] },
    { name: 'sys_jobs_lease_expires_at_index', properties: ['leaseExpiresAt'] },
  ],
});

/** A piece of pending or finished work (`sys_jobs`). */
export class SystemJob extends SystemJobSchema.class {}

SystemJobSchema.setClass(SystemJob);
