import { Injectable } from '@nestjs/common';
import { DuplicateJobHandlerError } from './jobs.errors.js';
import { assertJobType } from './job-type.js';
import type { JobHandlerFunction } from './job-types.interface.js';

interface RegisteredHandler {
  readonly name: string;
  readonly handle: JobHandlerFunction;
}

/** Answers which job types this process can run, and how. */
@Injectable()
export class JobHandlersRegistry {
  private readonly handlers = new Map<string, RegisteredHandler>();

  /** The types that have a handler here. */
  get types(): string[] {
    return [...this.handlers.keys()];
  }

  /**
   * @throws InvalidJobTypeError when the type is not of the form `room.verb-noun`
   * @throws DuplicateJobHandlerError when it has a handler already
   */
  register(type: string, handler: RegisteredHandler): void {
    assertJobType(type);
    const existing = this.handlers.get(type);
    if (existing) throw new DuplicateJobHandlerError(type, [existing.name, handler.name]);
    this.handlers.set(type, handler);
  }

  find(type: string): JobHandlerFunction | undefined {
    return this.handlers.get(type)?.handle;
  }
}
