import { setTimeout as delay } from 'node:timers/promises';

const ASK_EVERY_MS = 10;

/** Asks again and again until it is so, for what no event tells; throws when it is not in time. */
export async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It is not so after ${timeoutMs} ms: ${isSo.toString()}`);
    await delay(ASK_EVERY_MS);
  }
}
