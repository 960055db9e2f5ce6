import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { NotificationSubscriber, NotificationSubscription, PostgresqlDirectConnection } from '../../database/index.js';
import type { JobSignal } from './job-signals.interface.js';
import { PostgresqlJobSignals } from './postgresql.job-signals.js';

/** A connection whose notifications arrive when the test says so. */
class FakeConnection {
  subscriber: NotificationSubscriber | undefined;
  isHearing = false;

  readonly notifications = {
    subscribe: (subscriber: NotificationSubscriber): NotificationSubscription => {
      this.subscriber = subscriber;
      return {
        isHearing: this.isHearing,
        close: async () => {
          this.subscriber = undefined;
        },
      };
    },
  };
}

describe(PostgresqlJobSignals.name, () => {
  const create = (isEnabled = true) => {
    const connection = new FakeConnection();
    const sut = new PostgresqlJobSignals(connection as unknown as PostgresqlDirectConnection, isEnabled, new Logger());
    const signals: JobSignal[] = [];
    sut.listen((signal) => signals.push(signal));
    return { connection, sut, signals };
  };

  it.each(['x', 'null', '1', '{"queues":5}', '{"from":"a","queues":[5]}', '{"from":"a","cancelled":"all"}', '{"from":1}'])(
    'takes a foreign notification %s for a gap',
    async (payload) => {
      const { connection, sut, signals } = create();
      connection.subscriber?.onNotification(payload);
      connection.subscriber?.onNotification('{"from":"a","queues":["mails"]}');
      expect(signals).toEqual([
        { queues: [], cancelled: 'unknown', hasScheduled: true, isGap: true },
        { queues: ['mails'], cancelled: [], hasScheduled: false },
      ]);
      await sut.close();
    },
  );

  it('says that signals may have been missed, when it begins to listen and when it no longer can', async () => {
    const { connection, sut, signals } = create();
    connection.subscriber?.onHearing();
    connection.subscriber?.onGap();
    expect(signals.map(({ isGap }) => isGap)).toEqual([true, true]);
    await sut.close();
    expect(connection.subscriber).toBeUndefined();
  });

  it('listens to nothing where notifications are off', async () => {
    const { connection, sut } = create(false);
    expect([connection.subscriber, sut.isListening]).toEqual([undefined, false]);
    await sut.close();
  });
});
