import { InvalidInputError } from '../common/index.js';

/** Ten years. What is later than databases can tell would fail, and with it every job that is written together with it. */
export const DELAY_MAX_MS = 10 * 366 * 86_400_000;

/** @throws InvalidInputError when it is no number of milliseconds from 0 to ten years */
export function assertDelay(delayMs: number): void {
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= DELAY_MAX_MS) return;
  throw new InvalidInputError('delayMs', `must be a number of milliseconds from 0 to ${DELAY_MAX_MS}, ten years.`);
}
