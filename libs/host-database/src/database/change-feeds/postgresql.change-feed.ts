import type { NotificationSubscription, PostgresqlDirectConnection } from '../direct-connection/index.js';
import { ChangeFeed, type ChangeListener } from './change-feed.js';

/** What is told on a channel. */
export interface PostgresqlChangeChannel {
  readonly channel: string;
  /** Whether a payload names what was changed. */
  readonly isSubject: (payload: string) => boolean;
}

/** What triggers of PostgreSQL send with each commit, heard on the session that this process listens on anyway. */
export class PostgresqlChangeFeed extends ChangeFeed {
  private subscription: NotificationSubscription | undefined;

  constructor(
    private readonly connection: PostgresqlDirectConnection,
    private readonly told: PostgresqlChangeChannel,
  ) {
    super();
  }

  get isHearing(): boolean {
    return this.subscription?.isHearing ?? false;
  }

  start(listener: ChangeListener): void {
    this.subscription ??= this.connection.notifications.subscribe({
      channel: this.told.channel,
      // Anybody may send on the channel. What names nothing may have been meant for anything.
      onNotification: (payload) => (this.told.isSubject(payload) ? listener.onChanged([payload]) : listener.onGap()),
      onHearing: () => listener.onHearing(),
      onGap: () => listener.onGap(),
    });
  }

  async close(): Promise<void> {
    await this.subscription?.close();
  }
}
