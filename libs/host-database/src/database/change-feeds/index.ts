export { ChangeFeed, type ChangeListener, UnheardChangeFeed } from './change-feed.js';
export { PostgresqlChangeFeed } from './postgresql.change-feed.js';
export { SqliteChangeFeed } from './sqlite.change-feed.js';
export { SqliteNotes } from './sqlite-notes.js';
