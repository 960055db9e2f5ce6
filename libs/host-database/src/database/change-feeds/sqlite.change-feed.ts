import type { SqliteDirectConnection } from '../direct-connection/index.js';
import { ChangeFeed, type ChangeListener } from './change-feed.js';
import { type NotesTable, SqliteNotes } from './sqlite-notes.js';

/**
 * What the triggers of SQLite note, found by looking: at the number that changes with each commit of another connection, which takes some
 * microseconds, and only after such a commit at the notes. Stops when nothing is remembered that a change would matter for, and begins
 * again with the next question. A database in memory is this process's alone; what changes it past the services is not told.
 */
export class SqliteChangeFeed extends ChangeFeed {
  private readonly notes: SqliteNotes;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private hears = false;
  private isOver = false;
  private version: number | undefined;

  constructor(
    private readonly connection: SqliteDirectConnection,
    table: NotesTable,
    private readonly pollIntervalMs: number,
  ) {
    super();
    this.notes = new SqliteNotes(table);
  }

  get isHearing(): boolean {
    return this.hears;
  }

  start(listener: ChangeListener): void {
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

  private lookIfWanted(listener: ChangeListener): void {
    if (listener.isInterested()) return this.look(listener);
    this.stop();
    return listener.onGap();
  }

  private look(listener: ChangeListener): void {
    this.looking ??= this.lookOnce(listener)
      .catch(() => this.lose(listener))
      .finally(() => (this.looking = undefined));
  }

  private async lookOnce(listener: ChangeListener): Promise<void> {
    const version = await this.connection.dataVersion();
    if (version === undefined) {
      // In memory.
      this.isOver = true;
      return this.stop();
    }
    if (this.hears && version === this.version) return undefined;
    const { hears } = this;
    const changed = await this.connection.read((db) => (hears ? this.notes.read(db) : this.notes.skip(db)));
    if (!this.timer) return undefined;
    this.version = version;
    if (!hears) {
      this.hears = true;
      listener.onHearing();
    } else if (!changed) listener.onGap();
    else if (changed.length > 0) listener.onChanged(changed);
    return undefined;
  }

  private lose(listener: ChangeListener): void {
    if (!this.hears) return;
    this.hears = false;
    listener.onGap();
  }
}
