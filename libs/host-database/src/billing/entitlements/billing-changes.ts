import type { FactoryProvider } from '@nestjs/common';
import { isId } from '../../common/index.js';
import {
  BILLING_CHANGES_CHANNEL,
  BILLING_CHANGES_TABLE,
  DIRECT_CONNECTION,
  type DirectConnection,
  PostgresqlChangeFeed,
  type PostgresqlDirectConnection,
  type SqliteDirectConnection,
  SqliteNotes,
} from '../../database/index.js';
import { type ResolvedTenantDirectoryOptions, TENANT_DIRECTORY_OPTIONS } from '../../tenants/index.js';

/** Who remembers what tenants have. */
export interface BillingFollower {
  forgetTenant(tenantId: string): void;
  forgetAll(): void;
}

/** Tells who remembers what tenants have that it has changed, in this process and in others, also with plain SQL. */
export abstract class BillingChanges {
  private follower: BillingFollower | undefined;
  private heard = 0;

  /** How often anything was told. What was asked for before the last time is not to be remembered. */
  get count(): number {
    return this.heard;
  }

  follow(follower: BillingFollower): void {
    this.follower = follower;
  }

  /** Begins to hear, where that has not begun. */
  abstract start(): void;

  /** Whether what is remembered counts at this moment; asked right before it is used. Who follows has been told by then. */
  abstract isCurrent(): boolean;

  /** Hears no more, and nothing is remembered from then on. */
  abstract beforeApplicationShutdown(): Promise<void>;

  /** Told by this process itself, of what it has committed: the ids of tenants, or `*` for all. */
  noteOwn(tenantIds: readonly string[]): void {
    this.tell(tenantIds);
  }

  protected tell(tenantIds: readonly string[]): void {
    this.heard++;
    for (const id of tenantIds) {
      if (isId(id)) this.follower?.forgetTenant(id);
      else this.follower?.forgetAll();
    }
  }

  protected tellAll(): void {
    this.heard++;
    this.follower?.forgetAll();
  }
}

/** How this process hears of what others have written. */
export const billingChangesProvider: FactoryProvider<BillingChanges> = {
  provide: BillingChanges,
  inject: [DIRECT_CONNECTION, TENANT_DIRECTORY_OPTIONS],
  useFactory: (connection: DirectConnection, { notifications }: ResolvedTenantDirectoryOptions) => {
    if (connection.type === 'sqlite') return new SqliteBillingChanges(connection);
    return notifications ? new PostgresqlBillingChanges(connection) : new UnheardBillingChanges();
  },
};

/** Changes are not told here, and nothing is remembered. */
class UnheardBillingChanges extends BillingChanges {
  start(): void {
    // There is nothing to listen to.
  }

  isCurrent(): boolean {
    return false;
  }

  async beforeApplicationShutdown(): Promise<void> {
    // Nothing was begun.
  }
}

/** What the triggers of PostgreSQL send with each commit. */
class PostgresqlBillingChanges extends BillingChanges {
  private readonly feed: PostgresqlChangeFeed;
  private isOver = false;

  constructor(connection: PostgresqlDirectConnection) {
    super();
    this.feed = new PostgresqlChangeFeed(connection, { channel: BILLING_CHANGES_CHANNEL, isSubject: isId });
  }

  start(): void {
    if (this.isOver) return;
    this.feed.start({
      onChanged: (tenantIds) => this.tell(tenantIds),
      onHearing: () => this.tellAll(),
      // What is about every tenant comes as this as well.
      onGap: () => this.tellAll(),
      isInterested: () => true,
    });
  }

  isCurrent(): boolean {
    return !this.isOver && this.feed.isHearing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isOver = true;
    this.tellAll();
    await this.feed.close();
  }
}

/** Looks at the file each time that it is asked: at a number that changes with each commit, and only then at what the triggers have noted. */
class SqliteBillingChanges extends BillingChanges {
  private readonly notes = new SqliteNotes({ table: BILLING_CHANGES_TABLE, column: 'tenant_id' });
  private version: number | undefined;
  private isOpening = false;
  private isOver = false;

  constructor(private readonly connection: SqliteDirectConnection) {
    super();
  }

  start(): void {
    if (this.isOpening) return;
    this.isOpening = true;
    // Until it is open nothing is remembered; one that fails is tried again with the next question.
    this.connection.ready().catch(() => (this.isOpening = false));
  }

  isCurrent(): boolean {
    if (this.isOver) return false;
    // Before the notes: what is committed between the two looks is looked at again the next time.
    const version = this.connection.versionNow();
    if (version === undefined) return false;
    if (version === this.version) return true;
    const isFirst = this.version === undefined;
    const read = this.connection.readNow((db) => (isFirst ? this.notes.skip(db) : this.notes.read(db)));
    if (!read) return false;
    this.version = version;
    if (isFirst || !read.value) this.tellAll();
    else if (read.value.length > 0) this.tell(read.value);
    return true;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isOver = true;
    this.tellAll();
  }
}
