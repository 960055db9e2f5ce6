import { describe, expect, it } from '@jest/globals';
import type { PostgresqlSession } from './postgresql-session.js';
import { type NotificationConnection, type NotificationSubscriber, PostgresqlNotifications } from './postgresql-notifications.js';

/** A connection whose notifications arrive when the test says so, and whose session ends when it says so. */
class FakeConnection implements NotificationConnection {
  readonly sent: string[] = [];
  /** What the sessions were told to do. */
  readonly commands: string[] = [];
  sessions = 0;
  private onNotification: (payload: string, channel: string) => void = () => undefined;
  private end: () => void = () => undefined;
  private onSent: (() => void)[] = [];

  readonly query = async <T>(_sql: string, [, payload]: readonly unknown[] = []): Promise<T[]> => {
    this.sent.push(String(payload));
    for (const resolve of this.onSent.splice(0)) resolve();
    return [];
  };

  async listen(channel: string, onNotification: (payload: string, channel: string) => void): Promise<PostgresqlSession> {
    this.sessions++;
    this.commands.push(`listen "${channel}"`);
    this.onNotification = onNotification;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    this.end = resolve;
    const query = async <T>(sql: string): Promise<T[]> => {
      this.commands.push(sql);
      return [];
    };
    return { query, ended, close: async () => resolve() };
  }

  /** Has the next echo arrive. */
  async echo(): Promise<void> {
    if (this.sent.length === 0) await new Promise<void>((resolve) => this.onSent.push(resolve));
    this.deliver('nestjs_host_database_echo', this.sent.shift() ?? '');
    await new Promise(setImmediate);
  }

  deliver(channel: string, payload: string): void {
    this.onNotification(payload, channel);
  }

  async lose(): Promise<void> {
    this.end();
    await new Promise(setImmediate);
  }
}

class Recorder implements NotificationSubscriber {
  readonly heard: string[] = [];

  constructor(readonly channel: string) {}

  onNotification(payload: string): void {
    this.heard.push(payload);
  }

  onHearing(): void {
    this.heard.push('hearing');
  }

  onGap(): void {
    this.heard.push('gap');
  }
}

describe(PostgresqlNotifications.name, () => {
  const create = () => {
    const connection = new FakeConnection();
    return { connection, sut: new PostgresqlNotifications(connection) };
  };

  it('hears on one session what is sent on the channels of all who subscribe, each its own', async () => {
    const { connection, sut } = create();
    const [a, b] = [new Recorder('a'), new Recorder('b')];
    const first = sut.subscribe(a);
    await connection.echo();
    const second = sut.subscribe(b);
    await new Promise(setImmediate);
    connection.deliver('a', '1');
    connection.deliver('b', '2');
    expect([a.heard, b.heard, connection.sessions]).toEqual([['hearing', '1'], ['hearing', '2'], 1]);
    await first.close();
    connection.deliver('a', '3');
    connection.deliver('b', '4');
    expect([a.heard.at(-1), b.heard.at(-1), connection.commands.at(-1)]).toEqual(['1', '4', 'unlisten "a"']);
    expect([first.isHearing, second.isHearing]).toEqual([false, true]);
    await second.close();
  });

  it('lets a subscriber in on its session before it hears, and out where the session goes on', async () => {
    const { connection, sut } = create();
    const other = sut.subscribe(new Recorder('a'));
    await connection.echo();
    const recorder = Object.assign(new Recorder('b'), {
      enter: async (session: PostgresqlSession) => void (await session.query('enter')),
      leave: async (session: PostgresqlSession) => void (await session.query('leave')),
    });
    const subscription = sut.subscribe(recorder);
    expect(recorder.heard).toEqual([]);
    await new Promise(setImmediate);
    expect(recorder.heard).toEqual(['hearing']);
    expect(connection.commands.slice(-2)).toEqual(['listen "b"', 'enter']);
    await subscription.close();
    expect(connection.commands.slice(-2)).toEqual(['leave', 'unlisten "b"']);
    // With the session it goes by itself.
    const last = sut.subscribe(recorder);
    await new Promise(setImmediate);
    await other.close();
    await last.close();
    expect(connection.commands.filter((command) => command === 'leave')).toHaveLength(1);
  });

  it('hears nothing before it has heard itself', async () => {
    const { connection, sut } = create();
    const recorder = new Recorder('a');
    const subscription = sut.subscribe(recorder);
    await new Promise(setImmediate);
    connection.deliver('a', 'early');
    connection.deliver('nestjs_host_database_echo', 'that of another process');
    await new Promise(setImmediate);
    expect([recorder.heard, subscription.isHearing]).toEqual([[], false]);
    await connection.echo();
    expect([recorder.heard, subscription.isHearing]).toEqual([['hearing'], true]);
    await subscription.close();
  });

  it('tells of a gap when the session is lost, and of its end when there is another', async () => {
    const { connection, sut } = create();
    const recorder = new Recorder('a');
    const subscription = sut.subscribe(recorder);
    await connection.echo();
    await connection.lose();
    expect([recorder.heard, subscription.isHearing]).toEqual([['hearing', 'gap'], false]);
    await connection.echo();
    expect([recorder.heard, connection.sessions]).toEqual([['hearing', 'gap', 'hearing'], 2]);
    await subscription.close();
  });

  it.each([
    ['while it begins to listen', async () => undefined],
    ['while it waits to hear itself', async () => new Promise(setImmediate)],
    ['while it hears', async (connection: FakeConnection) => connection.echo()],
  ])('can be closed %s, and tells of no gap then', async (_, reach) => {
    const { connection, sut } = create();
    const recorder = new Recorder('a');
    const subscription = sut.subscribe(recorder);
    await reach(connection);
    await subscription.close();
    await subscription.close();
    expect([subscription.isHearing, recorder.heard.includes('gap')]).toEqual([false, false]);
  });

  it('begins again for whoever subscribes after the end', async () => {
    const { connection, sut } = create();
    const first = sut.subscribe(new Recorder('a'));
    await connection.echo();
    await first.close();
    const recorder = new Recorder('a');
    const second = sut.subscribe(recorder);
    await connection.echo();
    expect([recorder.heard, connection.sessions]).toEqual([['hearing'], 2]);
    await second.close();
  });
});
