import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type JobHandlerMetadata, jobHandlerMetadataOf } from '../job-handler.decorator.js';
import { SCHEDULED_JOB_METADATA, type ScheduledJobMetadata } from './scheduled-job.decorator.js';

/** Reads what the decorators say about a method. */
@Injectable()
export class ScheduledJobsAccessor {
  constructor(private readonly reflector: Reflector) {}

  schedulesOf(method: () => unknown): readonly ScheduledJobMetadata[] {
    return this.reflector.get<readonly ScheduledJobMetadata[] | undefined>(SCHEDULED_JOB_METADATA, method) ?? [];
  }

  /** What the method handles; undefined when it handles no job. */
  handlerOf(method: () => unknown): JobHandlerMetadata | undefined {
    return jobHandlerMetadataOf(this.reflector, method);
  }
}
