import { defineEntity, p } from '@mikro-orm/core';

const JobLimitSchema = defineEntity({
  name: 'JobLimit',
  tableName: 'sys_job_limits',
  properties: {
    /** The queue. */
    queue: p.string().length(63).primary(),
    /** The tenant whose bucket it is; empty for the queue's own row, which claims of a limited queue lock. */
    fairnessKey: p.string().length(32).primary().default(''),
    /** The tokens in the bucket when it was last filled. */
    tokens: p.double().default(0),
    filledAt: p.datetime(3).nullable(),
  },
});

/** What claims of a limited queue agree on over all processes (`sys_job_limits`). */
export class JobLimit extends JobLimitSchema.class {}

JobLimitSchema.setClass(JobLimit);
