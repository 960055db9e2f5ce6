import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { PostgresqlDirectConnection, PostgresqlSession } from '../../database/index.js';
import type { JobSignal } from './job-signals.interface.js';
import { PostgresqlJobSignals } from './postgresql.job-signals.js';

/** A connection whose notifications arrive when the test says so, and whose session ends when it says so. */
class FakeConnection {
  readonly sent: string[] = [];
  private onNotification: (payload: string) => void = () => undefined;
  private end: () => void = () => undefined;
  private onSent: (() => void)[] = [];

  readonly query = async (_sql: string, [, payload]: readonly unknown[] = []) => {
    this.sent.push(String(payload));
    for (const resolve of this.onSent.splice(0)) resolve();
    return [];
  };

  async listen(_channel: string, onNotification: (payload: string) => void): Promise<PostgresqlSession> {
    this.onNotification = onNotification;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.end = resolve;
    return { query: async () => [], ended, close: async () => resolve() };
  }

  /** Waits for the next message that is sent, and returns it. */
  async nextSent(): Promise<string> {
    if (this.sent.length === 0) await new Promise<void>((resolve) => this.onSent.push(resolve));
    return this.sent.shift() ?? '';
  }

  deliver(payload: string): void {
    this.onNotification(payload);
  }

  lose(): void {
    this.end();
  }
}

describe(PostgresqlJobSignals.name, () => {
  const create = () => {
    const connection = new FakeConnection();
    const sut = new PostgresqlJobSignals(connection as unknown as PostgresqlDirectConnection, true, new Logger());
    const signals: JobSignal[] = [];
    sut.listen((signal) => signals.push(signal));
    return { connection, sut, signals };
  };

  it('can be closed while it waits to hear itself', async () => {
    const { connection, sut } = create();
    const echo = await connection.nextSent();
    const closed = sut.close();
    connection.deliver(echo);
    await closed;
    expect(sut.isListening).toBe(false);
  });

  it.each([
    'x',
    'null',
    '1',
    '{"queues":5}',
    '{"from":"a","queues":[5]}',
    '{"from":"a","cancelled":"all"}',
    '{"from":"a","echo":1}',
  ])('takes a foreign notification %s for a gap', async (payload) => {
    const { connection, sut, signals } = create();
    connection.deliver(await connection.nextSent());
    await new Promise(setImmediate);
    signals.length = 0;
    connection.deliver(payload);
    connection.deliver('{"from":"a","queues":["mails"]}');
    expect(signals).toEqual([
      { queues: [], cancelled: 'unknown', hasScheduled: true, isGap: true },
      { queues: ['mails'], cancelled: [], hasScheduled: false },
    ]);
    await sut.close();
  });

  it('can be closed while it begins to listen', async () => {
    const { connection, sut, signals } = create();
    await sut.close();
    expect([connection.sent, signals]).toEqual([[], []]);
  });

  it('says that signals may have been missed, when it begins to listen and when it no longer can', async () => {
    const { connection, sut, signals } = create();
    connection.deliver(await connection.nextSent());
    await new Promise(setImmediate);
    expect([sut.isListening, signals.map(({ isGap }) => isGap)]).toEqual([true, [true]]);
    connection.lose();
    await new Promise(setImmediate);
    expect([sut.isListening, signals.map(({ isGap }) => isGap)]).toEqual([false, [true, true]]);
    await sut.close();
    expect(signals).toHaveLength(2);
  });
});
