import type { Logger } from '@nestjs/common';
import { assertJson } from '../../common/index.js';
import type { JobAttempt } from './job-attempt.js';

/** What is stored of what a handler returned. The work is done: a result that is no JSON is dropped, with a warning. */
export function toOutput({ type, handler }: JobAttempt, returned: unknown, logger: Logger): unknown {
  if (returned === undefined || returned === null) return undefined;
  try {
    return assertJson(returned, 'output');
  } catch {
    logger.warn(`What ${handler.name} returned for ${type} is no JSON and was not stored. Return plain data, or nothing.`);
    return undefined;
  }
}
