import { assertWholeOption, InvalidOptionError } from '../common/index.js';
import { DELAY_MAX_MS } from './job-delay.js';
import type { JobHandlerOptions } from './job-handler.decorator.js';
import { isQueueName } from './jobs.options.js';

/**
 * @param handler for messages: `Mails.sendWelcome()`
 * @throws InvalidOptionError naming the handler and the option that is wrong
 */
export function assertHandlerOptions(handler: string, { queue, timeoutMs, runsFor, retry = {} }: JobHandlerOptions): void {
  const named = (option: string) => `${option} of @JobHandler on ${handler}`;
  if (queue !== undefined && !isQueueName(queue)) {
    throw new InvalidOptionError(
      named('queue'),
      'is no name for a queue. Use 1 to 63 lower-case letters, digits, dots, dashes or underscores.',
    );
  }
  if (runsFor !== undefined && runsFor !== 'tenant' && runsFor !== 'host') {
    throw new InvalidOptionError(named('runsFor'), `is '${String(runsFor)}'. Use tenant or host.`);
  }
  const wholeNumbers = [
    ['timeoutMs', timeoutMs, 1],
    ['retry.maxAttempts', retry.maxAttempts, 1],
    ['retry.delayMs', retry.delayMs, 0],
    ['retry.maxDelayMs', retry.maxDelayMs, 0],
  ] as const;
  for (const [option, value, min] of wholeNumbers) if (value !== undefined) assertWholeOption(named(option), value, min);
  const { factor, jitter, maxDelayMs = 0 } = retry;
  if (maxDelayMs > DELAY_MAX_MS) {
    throw new InvalidOptionError(named('retry.maxDelayMs'), `is ${maxDelayMs}. Use at most ${DELAY_MAX_MS}, ten years.`);
  }
  if (factor !== undefined && !(Number.isFinite(factor) && factor >= 1)) {
    throw new InvalidOptionError(named('retry.factor'), `is ${factor}. Use a number of 1 or more, or leave it out.`);
  }
  if (jitter !== undefined && jitter !== 'full' && jitter !== 'none') {
    throw new InvalidOptionError(named('retry.jitter'), `is '${String(jitter)}'. Use full or none, or leave it out.`);
  }
}
