import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { assertPayload } from '../job-payload.js';
import { toScheduleDefinition } from './schedule-definition.js';
import { ScheduledJobsAccessor } from './scheduled-jobs.accessor.js';
import { ScheduledJobsRegistry } from './scheduled-jobs.registry.js';
import { ScheduleWithoutHandlerError, ScheduleWithoutTenantError } from './schedules.errors.js';

/** Finds the schedules of all providers when the application starts, and checks them. */
@Injectable()
export class ScheduledJobsExplorer implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly accessor: ScheduledJobsAccessor,
    private readonly registry: ScheduledJobsRegistry,
  ) {}

  async onModuleInit(): Promise<void> {
    for (const { instance, name } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      for (const key of this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
        const method = (instance as Record<string, unknown>)[key];
        if (typeof method === 'function') await this.explore(method as () => unknown, `${String(name)}.${key}()`);
      }
    }
  }

  private async explore(method: () => unknown, where: string): Promise<void> {
    const schedules = this.accessor.schedulesOf(method);
    if (schedules.length === 0) return;
    const handler = this.accessor.handlerOf(method);
    if (!handler) throw new ScheduleWithoutHandlerError(where);
    const { type, options } = handler;
    if (options.runsFor === 'tenant') throw new ScheduleWithoutTenantError(where);
    for (const schedule of schedules) {
      const definition = toScheduleDefinition({ ...schedule, name: schedule.name ?? type, type }, options.queue);
      if (options.schema) await assertPayload(type, options.schema, definition.payload);
      this.registry.register({ method: where, definition });
    }
  }
}
