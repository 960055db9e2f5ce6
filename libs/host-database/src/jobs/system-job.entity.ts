import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';

/**
 * Where a job stands.
 *
 * - `scheduled`: due later, at `availableAt`: a delayed job, a retry or a snoozed one
 * - `pending`: ready to be claimed
 * - `blocked`: ready, but others with its concurrency key are running
 * - `parked`: no live worker has a handler for its type
 * - `running`: claimed by a worker
 * - `completed`, `failed`, `cancelled`: final. The failed ones are the dead letters: `JobsService.redrive()` makes them pending again
 */
export const JOB_STATUSES = ['scheduled', 'pending', 'blocked', 'parked', 'running', 'completed', 'failed', 'cancelled'] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

/** The statuses of a job that still has work before it. */
export const LIVE_JOB_STATUSES = ['scheduled', 'pending', 'blocked', 'parked', 'running'] as const satisfies JobStatus[];

const LIVE = `status in (${LIVE_JOB_STATUSES.map((status) => `'${status}'`).join(', ')})`;

// Each change of status writes an entry into every index that the row is part of, so each is partial and there are no more than
// the statements in store/ need.
const SystemJobSchema = defineEntity({
  name: 'SystemJob',
  tableName: 'sys_jobs',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** `room.verb-noun`: names the handler. */
    jobType: p.string().length(127),
    queue: p.string().length(63).default('default'),
    /** The tenant that the work is for; no foreign key, so that history outlives it. */
    tenantId: p.string().length(32).nullable(),
    /** Who takes turns with whom in a queue: the tenant, or nobody. Never null, so that one index finds the next. */
    fairnessKey: p
      .string()
      .length(32)
      .default('')
      .onCreate((job: { tenantId?: string | null }) => job.tenantId ?? ''),
    /** Who enqueued it. */
    actorUserId: p.string().length(32).nullable(),
    status: p.enum(JOB_STATUSES).default('pending'),
    /** The smaller one runs first, among the jobs of one tenant in one queue. */
    priority: p.integer().default(0),
    payload: p.json().$type<unknown>().nullable(),
    /** What the handler returned. */
    output: p
      .json()
      .$type<unknown>()
      .nullable()
      .onCreate(() => null),
    /** What the handler last said about how far it is. */
    progress: p
      .json()
      .$type<unknown>()
      .nullable()
      .onCreate(() => null),
    /** The errors of the attempts that failed, the newest first. */
    errorLog: p.text().nullable(),
    /** How many attempts have begun. */
    attempt: p.integer().default(0),
    /** How many there may be; null leaves it to the handler's policy. */
    maxAttempts: p.integer().nullable(),
    /** How many workers died with it. */
    crashCount: p.integer().default(0),
    /** Raised by each claim and by nothing else. Whoever changes a running job shows the token of their claim. */
    claimToken: p.integer().default(0),
    /** Who has claimed it. */
    workerId: p.string().length(32).nullable(),
    /** Of the live jobs of one type and tenant, one has this key. */
    uniqueKey: p.string().length(255).nullable(),
    /** Jobs of a queue with this key share a cap. */
    concurrencyKey: p.string().length(255).nullable(),
    /** The W3C trace context of who enqueued it. */
    traceContext: p.string().length(255).nullable(),
    /** When a scheduled job is due; since when a pending one is ready, where that is not since it was enqueued. */
    availableAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    startedAt: p.datetime(3).nullable(),
    completedAt: p.datetime(3).nullable(),
  },
  indexes: [
    {
      name: 'sys_jobs_ready_index',
      properties: ['queue', 'fairnessKey', 'priority', 'id'],
      where: `status = 'pending'`,
    },
    { name: 'sys_jobs_scheduled_index', properties: ['availableAt'], where: `status = 'scheduled'` },
    { name: 'sys_jobs_running_index', properties: ['workerId'], where: `status = 'running'` },
    {
      name: 'sys_jobs_blocked_index',
      properties: ['queue', 'fairnessKey', 'concurrencyKey', 'priority', 'id'],
      where: `status = 'blocked'`,
    },
    { name: 'sys_jobs_parked_index', properties: ['jobType'], where: `status = 'parked'` },
    { name: 'sys_jobs_failed_index', properties: ['queue', 'id'], where: `status = 'failed'` },
  ],
  uniques: [
    {
      name: 'sys_jobs_unique_key_unique',
      properties: ['jobType', 'fairnessKey', 'uniqueKey'],
      where: `unique_key is not null and ${LIVE}`,
    },
  ],
});

/** A piece of pending or finished work (`sys_jobs`). */
export class SystemJob extends SystemJobSchema.class {}

SystemJobSchema.setClass(SystemJob);
