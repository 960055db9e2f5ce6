export { ChangeFeed, type ChangeListener, UnheardChangeFeed } from './change-feed.js';
export { type PostgresqlChangeChannel, PostgresqlChangeFeed } from './postgresql.change-feed.js';
export { SqliteChangeFeed } from './sqlite.change-feed.js';
export { type NotesTable, SqliteNotes } from './sqlite-notes.js';
