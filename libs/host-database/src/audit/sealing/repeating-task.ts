/** What to repeat, and when. */
export interface RepeatingTaskOptions {
  /** Does it once, and returns after how many milliseconds to do it again. */
  readonly run: () => Promise<number>;
  /** How long to wait after the first failure; twice as long after each further one, up to a minute. */
  readonly retryMs: number;
  /** Is told of each failure. */
  readonly onError: (error: unknown) => void;
}

const RETRY_MAX_MS = 60_000;

/** Work that is done again and again, never twice at the same time, until it is stopped. Its timer keeps no process alive. */
export class RepeatingTask {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private isStopped = false;

  constructor(private readonly options: RepeatingTaskOptions) {}

  /** Does it for the first time after so many milliseconds. */
  start(inMs: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.running = this.runOnce();
    }, inMs).unref();
  }

  /** Resolves when it is not running any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async runOnce(): Promise<void> {
    let nextMs: number;
    try {
      nextMs = await this.options.run();
      this.failures = 0;
    } catch (error) {
      nextMs = Math.min(RETRY_MAX_MS, this.options.retryMs * 2 ** this.failures++);
      this.options.onError(error);
    }
    this.start(nextMs);
  }
}
