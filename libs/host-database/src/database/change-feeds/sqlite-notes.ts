import type { SqliteDirectConnection } from '../direct-connection/index.js';

/** The table in which triggers of SQLite note what was changed. */
export interface NotesTable {
  readonly table: string;
  /** The column that says what. */
  readonly column: string;
}

interface Note {
  readonly seq: number;
  readonly subject: string;
}

/** How far the notes of one table have been read. Only for use inside of what reads the connection. */
export class SqliteNotes {
  private readonly newest: string;
  private readonly since: string;
  private seq = 0;

  constructor({ table, column }: NotesTable) {
    this.newest = `select coalesce(max(seq), 0) as seq from ${table}`;
    this.since = `select seq, ${column} as "subject" from ${table} where seq > ? order by seq`;
  }

  /** Goes to the end: what was noted until now is not told. */
  skip(db: SqliteDirectConnection): void {
    this.seq = this.newestSeq(db);
  }

  /** What was noted since the last look, each once; undefined where notes may have been missed. */
  read(db: SqliteDirectConnection): readonly string[] | undefined {
    const before = this.seq;
    const newest = (this.seq = this.newestSeq(db));
    const notes = db.prepare<Note>(this.since).all(before);
    // The oldest notes are removed, and a file may be put back to what it was.
    const isGap = newest < before || (notes[0] && notes[0].seq > before + 1);
    return isGap ? undefined : [...new Set(notes.map(({ subject }) => subject))];
  }

  private newestSeq(db: SqliteDirectConnection): number {
    return db.prepare<{ seq: number }>(this.newest).get()?.seq ?? 0;
  }
}
