/** How long a transaction waits for another one, of this process or another, before it fails as busy. */
export const BUSY_TIMEOUT_MS = 5_000;

/**
 * A wait is counted in this many slices. A process that stands still (a disk that stalls in a synchronous write, a stopped container)
 * fires every late timer at once before anybody has had a chance to give the connection back: then one slice counts, not the whole time.
 */
const WAIT_SLICES = 10;

/** What SQLite itself says when a lock is not to be had, so that it is told apart from nothing else. */
class BusyConnectionError extends Error {
  readonly code = 'SQLITE_BUSY';

  constructor(timeoutMs: number) {
    super(`database is locked: its one connection in this process was not free within ${timeoutMs} ms`);
    this.name = 'SqliteError';
  }
}

/**
 * Lets one at a time have the connection, in the order in which they came, and tells whoever has waited too long. Two pieces of work
 * that each hold the connection of one file and want that of another would otherwise wait for each other for ever.
 */
export class ConnectionQueue {
  private readonly waiting: (() => void)[] = [];
  private isTaken = false;

  constructor(private readonly timeoutMs: number) {}

  /** Takes the connection; a promise where others are before. It rejects after the timeout. */
  acquire(): Promise<void> | undefined {
    if (!this.isTaken) {
      this.isTaken = true;
      return undefined;
    }
    return new Promise<void>((resolve, reject) => {
      let slicesLeft = WAIT_SLICES;
      let timer: NodeJS.Timeout;
      const turn = () => {
        clearTimeout(timer);
        resolve();
      };
      const waitASlice = () => {
        if (slicesLeft-- > 0) {
          timer = setTimeout(waitASlice, this.timeoutMs / WAIT_SLICES);
          return;
        }
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        reject(new BusyConnectionError(this.timeoutMs));
      };
      this.waiting.push(turn);
      waitASlice();
    });
  }

  /** Hands the connection to the next in the queue. */
  release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.isTaken = false;
  }
}
