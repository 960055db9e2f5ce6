import { Injectable } from '@nestjs/common';
import { assertHandlerOptions } from './handler-options.js';
import type { JobHandlerOptions } from './job-handler.decorator.js';
import { DuplicateJobHandlerError } from './jobs.errors.js';
import { assertJobType } from './job-type.js';
import type { JobHandlerFunction } from './job-types.interface.js';

/** A method that runs the jobs of one type. */
export interface RegisteredHandler {
  /** For messages: `Mails.sendWelcome()`. */
  readonly name: string;
  readonly handle: JobHandlerFunction;
  readonly options: JobHandlerOptions;
}

/** Answers which job types this process can run, and how. */
@Injectable()
export class JobHandlersRegistry {
  private readonly handlers = new Map<string, RegisteredHandler>();

  /** The types that have a handler here. */
  get types(): string[] {
    return [...this.handlers.keys()];
  }

  /** The queues that the handlers name. */
  get queues(): string[] {
    return [...this.handlers.values()].flatMap(({ options }) => options.queue ?? []);
  }

  /**
   * @throws InvalidJobTypeError when the type is not of the form `room.verb-noun`
   * @throws InvalidOptionError when an option of the handler is wrong
   * @throws DuplicateJobHandlerError when it has a handler already
   */
  register(type: string, handler: RegisteredHandler): void {
    assertJobType(type);
    assertHandlerOptions(handler.name, handler.options);
    const existing = this.handlers.get(type);
    if (existing) throw new DuplicateJobHandlerError(type, [existing.name, handler.name]);
    this.handlers.set(type, handler);
  }

  find(type: string): RegisteredHandler | undefined {
    return this.handlers.get(type);
  }
}
