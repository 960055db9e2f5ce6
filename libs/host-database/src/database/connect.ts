import { setTimeout as delay } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/core';
import { DatabaseUnreachableError } from './database.errors.js';
import type { ConnectOptions } from './database.options.js';
import type { DatabaseSettings } from './database-settings.js';

/**
 * Connects, and tries again while the server does not answer.
 *
 * @throws DatabaseUnreachableError after the last try
 */
export async function connectWithRetries(
  orm: MikroORM,
  settings: DatabaseSettings,
  { attempts = 5, backoffMs = 200, timeoutMs = 5_000 }: ConnectOptions = {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await withTimeout(orm.connect(), timeoutMs);
      return;
    } catch (cause) {
      if (attempt >= attempts) {
        await orm.close(true).catch(() => undefined);
        throw new DatabaseUnreachableError(settings.toString(), attempts, { cause });
      }
      await delay(backoffMs * 2 ** (attempt - 1));
    }
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const timeout = new AbortController();
  try {
    return await Promise.race([
      work,
      delay(timeoutMs, undefined, { signal: timeout.signal }).then(() => {
        throw new Error(`no answer within ${timeoutMs} ms`);
      }),
    ]);
  } finally {
    timeout.abort();
  }
}
