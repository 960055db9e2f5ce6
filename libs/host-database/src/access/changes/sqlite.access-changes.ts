import { ACCESS_CHANGES_TABLE, type SqliteDirectConnection, SqliteNotes } from '../../database/index.js';
import { AccessChanges } from './access-changes.js';

/**
 * Looks at the file each time that it is asked, which takes some microseconds: at a number that changes with each commit, and only then at
 * what the triggers have noted. So no process lets anybody in by what was so before the last commit.
 */
export class SqliteAccessChanges extends AccessChanges {
  private readonly notes = new SqliteNotes({ table: ACCESS_CHANGES_TABLE, column: 'subject' });
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

  async spread(): Promise<void> {
    // Each process looks before it lets anybody in.
  }

  async close(): Promise<void> {
    this.isOver = true;
    this.tellAll();
  }
}
