import { type SqliteDirectConnection, TENANT_CHANGES_TABLE } from '../../../database/index.js';
import { TenantChanges, type TenantChangesListener } from './tenant-changes.interface.js';

const NEWEST = `select coalesce(max(seq), 0) as seq from ${TENANT_CHANGES_TABLE}`;
const SINCE = `select seq, tenant_id as "tenantId" from ${TENANT_CHANGES_TABLE} where seq > ? order by seq`;

interface Change {
  readonly seq: number;
  readonly tenantId: string;
}

/**
 * What the triggers of SQLite note, found by looking: at the number that changes with each commit of another connection, which takes some
 * microseconds, and only after such a commit at the notes. Stops when nothing is remembered that a change would matter for, and begins
 * again with the next question. A database in memory is this process's alone; what changes it past the services is not told.
 */
export class SqliteTenantChanges extends TenantChanges {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private hears = false;
  private isOver = false;
  private version: number | undefined;
  private seq = 0;

  constructor(
    private readonly connection: SqliteDirectConnection,
    private readonly pollIntervalMs: number,
  ) {
    super();
  }

  get isHearing(): boolean {
    return this.hears;
  }

  start(listener: TenantChangesListener): void {
    if (this.timer || this.isOver) return;
    // Looks are no reason for a process to stay.
    this.timer = setInterval(() => this.lookIfWanted(listener), this.pollIntervalMs).unref();
    this.look(listener);
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.stop();
    await this.looking;
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.hears = false;
  }

  private lookIfWanted(listener: TenantChangesListener): void {
    if (listener.isInterested()) return this.look(listener);
    this.stop();
    return listener.onGap();
  }

  private look(listener: TenantChangesListener): void {
    this.looking ??= this.lookOnce(listener)
      .catch(() => this.lose(listener))
      .finally(() => (this.looking = undefined));
  }

  private async lookOnce(listener: TenantChangesListener): Promise<void> {
    const version = await this.connection.dataVersion();
    if (version === undefined) {
      // In memory.
      this.isOver = true;
      return this.stop();
    }
    if (this.hears && version === this.version) return undefined;
    const [newest, changes] = await this.connection.read((db) => [
      db.prepare<Change>(NEWEST).get()?.seq ?? 0,
      this.hears ? db.prepare<Change>(SINCE).all(this.seq) : [],
    ]);
    if (!this.timer) return undefined;
    // The oldest notes are removed, and a file may be put back to what it was.
    const isGap = newest < this.seq || (changes[0] && changes[0].seq > this.seq + 1);
    this.version = version;
    this.seq = newest;
    if (!this.hears) {
      this.hears = true;
      listener.onHearing();
    } else if (isGap) listener.onGap();
    else if (changes.length > 0) listener.onChanged([...new Set(changes.map(({ tenantId }) => tenantId))]);
    return undefined;
  }

  private lose(listener: TenantChangesListener): void {
    if (!this.hears) return;
    this.hears = false;
    listener.onGap();
  }
}
