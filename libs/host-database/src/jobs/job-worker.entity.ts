import { defineEntity, p } from '@mikro-orm/core';

const JobWorkerSchema = defineEntity({
  name: 'JobWorker',
  tableName: 'sys_job_workers',
  properties: {
    id: p.string().length(32).primary(),
    host: p.string().length(255),
    pid: p.integer(),
    /** The queues that it works on. */
    queues: p.json().$type<string[]>(),
    /** The types that it has handlers for. */
    jobTypes: p.json().$type<string[]>(),
    startedAt: p.datetime(3),
    /** When it last said that it is alive, by the database's clock. One that has said nothing for long enough loses its jobs. */
    beatAt: p.datetime(3).index('sys_job_workers_beat_at_index'),
  },
});

/** A process that runs jobs (`sys_job_workers`), from its start to its shutdown or death. */
export class JobWorker extends JobWorkerSchema.class {}

JobWorkerSchema.setClass(JobWorker);
