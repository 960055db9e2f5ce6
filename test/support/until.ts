import { setTimeout as delay } from 'node:timers/promises';

const ASK_EVERY_MS = 20;
/** A round that takes longer has waited for the machine, and counts as so long. */
const MOST_OF_A_ROUND_MS = 100;

/**
 * Asks again and again until it is so, for what no event tells; throws when it is not in time. The time is what this process had of it: what
 * a machine that stands still takes away does not count.
 */
export async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  let waitedMs = 0;
  for (;;) {
    const beganAt = performance.now();
    if (await isSo()) return;
    if (waitedMs > timeoutMs) throw new Error(`It is not so after ${timeoutMs} ms: ${isSo.toString()}`);
    await delay(ASK_EVERY_MS);
    waitedMs += Math.min(performance.now() - beganAt, MOST_OF_A_ROUND_MS);
  }
}
