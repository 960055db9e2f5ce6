import { setImmediate as turn } from 'node:timers/promises';

/** Waits until it is so. What never is ends with the time limit of the test. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}
