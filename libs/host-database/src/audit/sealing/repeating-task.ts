/** What to repeat, and when. */
export interface RepeatingTaskOptions {
  /** Does it once, and returns after how many milliseconds to do it again. The signal is aborted where it has to end at once. */
  readonly run: (signal: AbortSignal) => Promise<number>;
  /** How long to wait after the first failure; twice as long after each further one, up to a minute. */
  readonly retryMs: number;
  /** Is told of each failure. */
  readonly onError: (error: unknown) => void;
}

const RETRY_MAX_MS = 60_000;
/** What hears of an abort ends soon; for what does not, nobody waits. */
const AFTER_ABORT_MS = 500;

/** Work that is done again and again, never twice at the same time, until it is stopped. Its timer keeps no process alive. */
export class RepeatingTask {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private isStopped = false;
  private readonly ending = new AbortController();

  constructor(private readonly options: RepeatingTaskOptions) {}

  /** Does it for the first time after so many milliseconds. */
  start(inMs: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.running = this.runOnce();
    }, inMs).unref();
  }

  /**
   * Begins nothing more, and waits for what is running: so many milliseconds, then its signal is aborted, and a moment later it is left to
   * itself. Returns whether it has ended.
   */
  async stop(graceMs: number): Promise<boolean> {
    this.isStopped = true;
    clearTimeout(this.timer);
    if (!this.running || (await endsWithin(this.running, graceMs))) return true;
    this.ending.abort();
    return endsWithin(this.running, AFTER_ABORT_MS);
  }

  private async runOnce(): Promise<void> {
    let nextMs: number;
    try {
      nextMs = await this.options.run(this.ending.signal);
      this.failures = 0;
    } catch (error) {
      nextMs = Math.min(RETRY_MAX_MS, this.options.retryMs * 2 ** this.failures++);
      // What was told to end has not failed.
      if (!this.ending.signal.aborted) this.options.onError(error);
    }
    this.start(nextMs);
  }
}

/** Tells whether work has ended in so many milliseconds. It goes on where it has not. */
export async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: isOver, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), isOver]);
  } finally {
    clearTimeout(timer);
  }
}
