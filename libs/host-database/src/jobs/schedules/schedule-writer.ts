import { LockMode } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { CronSlots } from './cron-slots.js';
import { JobSchedule, type ScheduleSource } from './job-schedule.entity.js';
import type { ScheduleDefinition } from './schedule-definition.js';
import { ScheduleStore } from './schedule-store.interface.js';

/** Writes schedules in the caller's unit of work. */
@Injectable()
export class ScheduleWriter {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly store: ScheduleStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates the schedule or changes it; undefined, and nothing is changed, where one of another source has its name. Its next slot is
   * another only where its cron or its time zone is; a paused one stays paused.
   */
  async write(definition: ScheduleDefinition, source: ScheduleSource): Promise<JobSchedule | undefined> {
    return this.unitOfWork.transactional(async (em) => {
      const { schedule, isNew } = await this.insertOrLock(em, definition, source);
      if (isNew) return schedule;
      if (schedule.source !== source) return undefined;
      const { cron, timeZone } = schedule;
      Object.assign(schedule, definition);
      const isRescheduled = schedule.isActive && (cron !== definition.cron || timeZone !== definition.timeZone);
      if (isRescheduled) schedule.nextSlotAt = await this.nextSlot(em, schedule);
      await em.flush();
      return schedule;
    });
  }

  /** Loads a schedule that nobody moves on or changes until the transaction of the caller has ended; null when there is none. */
  async lock(em: SqlEntityManager, name: string): Promise<JobSchedule | null> {
    return em.findOne(JobSchedule, { name }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
  }

  /** The first slot that is neither past nor decided. */
  async nextSlot(em: SqlEntityManager, schedule: JobSchedule): Promise<Date | null> {
    const now = await this.store.now(em);
    const { lastSlotAt } = schedule;
    return CronSlots.of(schedule).next(lastSlotAt && lastSlotAt > now ? lastSlotAt : now) ?? null;
  }

  private async insertOrLock(em: SqlEntityManager, definition: ScheduleDefinition, source: ScheduleSource) {
    for (;;) {
      const isNew = await this.insert(em, definition, source);
      const schedule = await this.lock(em, definition.name);
      if (schedule) return { schedule, isNew };
      // It was in the way and has been removed since.
    }
  }

  /** False when there is one of this name: several processes may write it at the same time, and each goes on. */
  private async insert(em: SqlEntityManager, definition: ScheduleDefinition, source: ScheduleSource): Promise<boolean> {
    const nextSlotAt = CronSlots.of(definition).next(await this.store.now(em)) ?? null;
    const row = { ...definition, source, isActive: true, nextSlotAt, createdAt: this.clock.now() };
    const { affectedRows } = await em.createQueryBuilder(JobSchedule).insert(row).onConflict('name').ignore().execute('run');
    return affectedRows === 1;
  }
}
