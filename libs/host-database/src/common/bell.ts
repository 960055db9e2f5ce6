import { setTimeout as delay } from 'node:timers/promises';

/** Wakes one waiting loop. A ring that nobody waits for is kept for the next wait, so that none is missed. */
export class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /** Resolves at the next ring, after `timeoutMs`, or when `signal` is aborted, whichever is first. Keeps the process alive. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = () => over.abort();
    this.wake = end;
    signal?.addEventListener('abort', end, { once: true });
    if (this.rung || signal?.aborted) end();
    await delay(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
    signal?.removeEventListener('abort', end);
    this.wake = undefined;
    this.rung = false;
  }
}
