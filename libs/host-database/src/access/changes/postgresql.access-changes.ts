import { ACCESS_CHANGES_CHANNEL, PostgresqlChangeFeed, type PostgresqlDirectConnection } from '../../database/index.js';
import { AccessBarrier } from './access-barrier.js';
import { AccessChanges, isAccessSubject } from './access-changes.js';

/** What the triggers of PostgreSQL send with each commit. What is remembered counts while this process hears, and others know that it does. */
export class PostgresqlAccessChanges extends AccessChanges {
  private readonly feed: PostgresqlChangeFeed;
  private readonly barrier: AccessBarrier;
  private isOver = false;

  constructor(connection: PostgresqlDirectConnection) {
    super();
    this.feed = new PostgresqlChangeFeed(connection, { channel: ACCESS_CHANGES_CHANNEL, isSubject: isAccessSubject });
    this.barrier = new AccessBarrier(connection);
  }

  start(): void {
    if (this.isOver) return;
    this.feed.start({
      onChanged: (subjects) => this.tell(subjects),
      onHearing: () => this.tellAll(),
      onGap: () => this.tellAll(),
      isInterested: () => true,
    });
    // Behind the feed, on the same session: whoever is known to be there hears already.
    this.barrier.enter(() => this.tellAll());
  }

  isCurrent(): boolean {
    return !this.isOver && this.feed.isHearing && this.barrier.isPresent;
  }

  async spread(): Promise<void> {
    await this.barrier.spread();
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.tellAll();
    await this.barrier.close();
    await this.feed.close();
  }
}
