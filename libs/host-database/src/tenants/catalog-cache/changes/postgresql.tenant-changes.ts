import { isId } from '../../../common/index.js';
import {
  type NotificationSubscription,
  type PostgresqlDirectConnection,
  TENANT_CHANGES_CHANNEL,
} from '../../../database/index.js';
import { TenantChanges, type TenantChangesListener } from './tenant-changes.interface.js';

/** What the triggers of PostgreSQL send with each commit, heard on the session that this process listens on anyway. */
export class PostgresqlTenantChanges extends TenantChanges {
  private subscription: NotificationSubscription | undefined;

  constructor(private readonly connection: PostgresqlDirectConnection) {
    super();
  }

  get isHearing(): boolean {
    return this.subscription?.isHearing ?? false;
  }

  start(listener: TenantChangesListener): void {
    this.subscription ??= this.connection.notifications.subscribe({
      channel: TENANT_CHANGES_CHANNEL,
      // Anybody may send on the channel. What is no id may have been meant for any tenant.
      onNotification: (payload) => (isId(payload) ? listener.onChanged([payload]) : listener.onGap()),
      onHearing: () => listener.onHearing(),
      onGap: () => listener.onGap(),
    });
  }

  async close(): Promise<void> {
    await this.subscription?.close();
  }
}
