import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** CommonJS, as a text: there is no file to be found by bundlers and test runners. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Database = require(workerData);
  const held = new Map();
  const actions = {
    hold(id, file) {
      const database = new Database(file, { fileMustExist: true });
      held.set(id, database);
      // From the first reading on it counts as one of those that have the file open.
      database.pragma('user_version');
    },
    release(id) {
      held.get(id)?.close();
      held.delete(id);
    },
  };
  parentPort.on('message', ({ id, action, file }) => {
    try {
      actions[action](id, file);
      parentPort.postMessage(undefined);
    } catch (error) {
      parentPort.postMessage(String(error));
    }
  });
`;

interface Thread {
  readonly worker: Worker;
  /** What was asked and not answered, in the order of asking. */
  readonly asked: PromiseWithResolvers<void>[];
}

/**
 * Threads that are the last to close SQLite files. Whoever closes one last puts its log into it and syncs both, for several milliseconds in
 * which a thread does nothing else: beside the application's, for many files at a time, that keeps nobody. Threads are started when they are first used.
 */
export class ClosingThreads {
  private readonly threads: Thread[] = [];
  private turns = 0;

  constructor(private readonly size: number) {}

  /** Closes a connection to a file so that a thread is the last who has it open; where that is not to be had, as ever. */
  async close(file: string, closeOwn: () => Promise<void>): Promise<void> {
    const id = this.turns++;
    const thread = await this.hold(id, file).catch(() => undefined);
    try {
      await closeOwn();
    } finally {
      // What a thread fails to put into the file stays in the log beside it, which is synced already.
      if (thread) await ask(thread, { id, action: 'release' }).catch(() => undefined);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  private async hold(id: number, file: string): Promise<Thread> {
    const thread = this.threadOf(id % this.size);
    await ask(thread, { id, action: 'hold', file });
    return thread;
  }

  private threadOf(index: number): Thread {
    const worker = this.threads[index]?.worker ?? new Worker(PROGRAM, { eval: true, workerData: driverFile() });
    const thread = (this.threads[index] ??= { worker, asked: [] });
    if (worker.listenerCount('message') > 0) return thread;
    const fail = () => {
      for (const each of thread.asked.splice(0)) each.reject(new Error('The thread has ended.'));
    };
    worker.on('message', (problem: string | undefined) => {
      const answered = thread.asked.shift();
      if (problem === undefined) answered?.resolve();
      else answered?.reject(new Error(problem));
    });
    worker.on('error', fail);
    worker.on('exit', fail);
    return thread;
  }
}

function ask({ worker, asked }: Thread, message: object): Promise<void> {
  const answer = Promise.withResolvers<void>();
  asked.push(answer);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(message);
  return answer.promise;
}

/** The driver that comes with `@mikro-orm/sqlite`. */
function driverFile(): string {
  const manifest = createRequire(import.meta.url).resolve('@mikro-orm/sqlite/package.json');
  return createRequire(manifest).resolve('better-sqlite3');
}
