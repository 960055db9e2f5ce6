import { setTimeout as delay } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/core';
import { assertWholeOption } from '../common/index.js';
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
  settings: Pick<DatabaseSettings, 'type' | 'toString'>,
  { attempts = 5, backoffMs = 200, timeoutMs = 5_000 }: ConnectOptions = {},
): Promise<void> {
  assertWholeOption('connect.attempts', attempts, 1);
  assertWholeOption('connect.backoffMs', backoffMs, 0);
  assertWholeOption('connect.timeoutMs', timeoutMs, 1);
  for (let attempt = 1; ; attempt++) {
    try {
      await withTimeout(connect(orm), timeoutMs);
      return;
    } catch (cause) {
      if (attempt >= attempts) {
        // A pool whose server says nothing never ends: it is left behind after the same time.
        await withTimeout(orm.close(true), timeoutMs).catch(() => undefined);
        throw new DatabaseUnreachableError(settings, attempts, { cause });
      }
      await delay(backoffMs * 2 ** (attempt - 1));
    }
  }
}

async function connect(orm: MikroORM): Promise<void> {
  await orm.connect();
  // A pool connects lazily: ask something, so that a wrong address is found now.
  const check = await orm.checkConnection();
  if (!check.ok) throw check.error ?? new Error(check.reason);
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
