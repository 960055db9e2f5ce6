/** Runs one statement. Parameters are `$1`, `$2` and so on. */
export type PostgresqlQuery = <T>(sql: string, parameters?: readonly unknown[]) => Promise<T[]>;

/** A session that listens to notifications until it is closed or lost. */
export interface PostgresqlSession {
  readonly query: PostgresqlQuery;
  /** Resolves when the session has ended, whoever ended it. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}
