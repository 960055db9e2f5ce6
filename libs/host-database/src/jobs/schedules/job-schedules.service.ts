import { Injectable } from '@nestjs/common';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { UnitOfWork } from '../../database/index.js';
import { JobHandlersRegistry } from '../job-handlers.registry.js';
import { JobTenantRequiredError } from '../jobs.errors.js';
import { assertPayload } from '../job-payload.js';
import type { JobPayload } from '../job-types.interface.js';
import { JobSignals } from '../signals/index.js';
import { JobSchedule, type ScheduleSource } from './job-schedule.entity.js';
import { JobScheduler } from './job-scheduler.js';
import { type ScheduleOptions, toScheduleDefinition } from './schedule-definition.js';
import { ScheduleWriter } from './schedule-writer.js';
import { ScheduleInCodeError, ScheduleNotFoundError } from './schedules.errors.js';

/** A schedule to store. */
export type NewJobSchedule<T extends string = string> = ScheduleOptions & {
  /** What it is known by, unique over all tenants. At most 127 characters. */
  readonly name: string;
  /** The type of its jobs. */
  readonly type: T;
  /** Five fields (minute, hour, day, month, weekday), or six with the seconds first. */
  readonly cron: string;
  /** The tenant that the work is for. */
  readonly tenantId?: string;
} & PayloadOf<JobPayload<T>>;

/** The payload may be left out where null is one. */
type PayloadOf<P> = null extends P ? { readonly payload?: P } : { readonly payload: P };

/** Which schedules to return. */
export interface ListSchedulesFilter {
  readonly source?: ScheduleSource;
  readonly tenantId?: string;
}

/** The schedules of the queue: those that are stored at run time, and those of the code. */
@Injectable()
export class JobSchedulesService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly writer: ScheduleWriter,
    private readonly scheduler: JobScheduler,
    private readonly handlers: JobHandlersRegistry,
    private readonly signals: JobSignals,
  ) {}

  /**
   * Stores a schedule, or changes the one of this name, in the caller's transaction. Another cron or time zone begins with its next
   * slot; slots of the old one that have not been decided are dropped. A paused schedule stays paused.
   *
   * @throws InvalidScheduleError, InvalidJobTypeError, InvalidJobPayloadError, ScheduleInCodeError
   * @throws JobTenantRequiredError when it has no tenant, and the handler in this process runs for one
   */
  async upsert<const T extends string>(schedule: NewJobSchedule<T>): Promise<JobSchedule> {
    const { queue, schema, runsFor } = this.handlers.find(schedule.type)?.options ?? {};
    const definition = toScheduleDefinition(schedule, queue);
    if (runsFor === 'tenant' && definition.tenantId === null) throw new JobTenantRequiredError(definition.jobType);
    if (schema) await assertPayload(definition.jobType, schema, definition.payload);
    return this.change(async () => {
      const stored = await this.writer.write(definition, 'stored');
      if (!stored) throw new ScheduleInCodeError(definition.name);
      return stored;
    });
  }

  /**
   * Stops a schedule, one of the code too, until it is resumed. Jobs that it has enqueued are still run.
   *
   * @throws ScheduleNotFoundError
   */
  async pause(name: string): Promise<JobSchedule> {
    return this.change(async (em) => {
      const schedule = await this.lock(em, name);
      schedule.isActive = false;
      schedule.nextSlotAt = null;
      return schedule;
    });
  }

  /**
   * Lets a paused schedule go on with its next slot. Those of the pause are no missed ones.
   *
   * @throws ScheduleNotFoundError
   */
  async resume(name: string): Promise<JobSchedule> {
    return this.change(async (em) => {
      const schedule = await this.lock(em, name);
      if (schedule.isActive) return schedule;
      schedule.isActive = true;
      schedule.nextSlotAt = await this.writer.nextSlot(em, schedule);
      return schedule;
    });
  }

  /**
   * Removes a stored schedule. Jobs that it has enqueued are still run.
   *
   * @throws ScheduleNotFoundError, ScheduleInCodeError
   */
  async remove(name: string): Promise<void> {
    await this.change(async (em) => {
      const schedule = await this.lock(em, name);
      if (schedule.source === 'code') throw new ScheduleInCodeError(name);
      em.remove(schedule);
    });
  }

  /** Returns schedules by name, those of code that no process has any more too. */
  async list({ source, tenantId }: ListSchedulesFilter = {}): Promise<JobSchedule[]> {
    const filter = { ...(source && { source }), ...(tenantId !== undefined && { tenantId }) };
    return this.unitOfWork.em.find(JobSchedule, filter, { orderBy: { name: 'asc' }, refresh: true });
  }

  /** @throws ScheduleNotFoundError */
  async getByName(name: string): Promise<JobSchedule> {
    const schedule = await this.unitOfWork.em.findOne(JobSchedule, { name }, { refresh: true });
    if (!schedule) throw new ScheduleNotFoundError(name);
    return schedule;
  }

  /**
   * Enqueues the jobs of all slots that have come, as a worker does by itself: for tests, and where no worker runs. Returns how many.
   * In a transaction of its own, not the caller's.
   */
  async enqueueDue(): Promise<number> {
    const { enqueued, queues } = await this.scheduler.tick();
    if (enqueued > 0) this.signals.send({ queues });
    return enqueued;
  }

  private async change<T>(work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
    return this.unitOfWork.transactional(async (em) => {
      const result = await work(em);
      await em.flush();
      // Workers sleep until the next slot that they know of.
      this.unitOfWork.afterCommit(() => this.signals.send({ hasScheduled: true }));
      return result;
    });
  }

  private async lock(em: SqlEntityManager, name: string): Promise<JobSchedule> {
    const schedule = await this.writer.lock(em, name);
    if (!schedule) throw new ScheduleNotFoundError(name);
    return schedule;
  }
}
