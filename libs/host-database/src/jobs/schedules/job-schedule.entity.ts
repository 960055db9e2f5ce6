import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

/** What happens to the slots that passed while no worker was there: none is run, one is, or all are, up to a limit. */
export const MISSED_SLOT_POLICIES = ['skip', 'once', 'all'] as const;

export type MissedSlotPolicy = (typeof MISSED_SLOT_POLICIES)[number];

/** Where a schedule comes from: a decorator in the code, or a call at run time. */
const SCHEDULE_SOURCES = ['code', 'stored'] as const;

export type ScheduleSource = (typeof SCHEDULE_SOURCES)[number];

const JobScheduleSchema = defineEntity({
  name: 'JobSchedule',
  tableName: 'sys_job_schedules',
  properties: {
    name: p.string().length(127).primary(),
    source: p.enum(SCHEDULE_SOURCES),
    jobType: p.string().length(127),
    cron: p.string().length(255),
    /** An IANA name such as `Europe/Berlin`. */
    timeZone: p.string().length(63).default('UTC'),
    payload: p
      .json()
      .$type<unknown>()
      .nullable()
      .onCreate(() => null),
    queue: p.string().length(63).default('default'),
    tenantId: p.string().length(32).nullable(),
    priority: p.integer().default(0),
    missed: p.enum(MISSED_SLOT_POLICIES).default('once'),
    /** How many missed slots the policy `all` runs at most. */
    missedLimit: p.integer().default(100),
    isActive: p.boolean().default(true),
    /** The next slot that has not been decided. Whoever moves it on, in the transaction that enqueues its job, owns that slot. */
    nextSlotAt: p.datetime(3).nullable(),
    /** The newest slot that has been decided, whether it got a job or was dropped. */
    lastSlotAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  indexes: [{ name: 'sys_job_schedules_next_slot_at_index', properties: ['nextSlotAt'], where: 'is_active' }],
});

/** A job that is enqueued again and again (`sys_job_schedules`). */
export class JobSchedule extends JobScheduleSchema.class {}

JobScheduleSchema.setClass(JobSchedule);
