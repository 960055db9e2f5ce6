import { AsyncLocalStorage } from 'node:async_hooks';

/** Sees a SQL statement before it is sent, with the connection that is to send it. Refuses it by throwing. */
export type StatementGuard = (sql: string, connection: object) => void;

/** What is known of the flush that is running here. */
export interface FlushFrame {
  /** The tables that a subscriber has seen the flush write, in lower case. */
  readonly tables: Set<string>;
}

/** What the guards need of the connections that MikroORM works with. */
interface SqlConnection {
  executeQuery(query: { readonly sql: string }, ...rest: unknown[]): Promise<unknown>;
  streamQuery(query: { readonly sql: string }, ...rest: unknown[]): AsyncIterableIterator<unknown>;
}

/**
 * The choke point of the SQL of one ORM. All that MikroORM and Kysely send, whichever method of the EntityManager asked for it, goes
 * through the connections that are watched here.
 *
 * Nothing is refused until a guard is set, which a room does once the tables are migrated: the migrations at boot, and those of
 * MikroORM's command line, run without one. What goes past the ORM is not seen: its native client, `executeDump()` on SQLite, the
 * library's direct connection to the queue.
 */
export class StatementGuards {
  private readonly flushes = new AsyncLocalStorage<FlushFrame>();
  private guard: StatementGuard | undefined;

  /** The flush that the current statement belongs to, if any. */
  get flush(): FlushFrame | undefined {
    return this.flushes.getStore();
  }

  /** Sets the guard that every further statement has to pass. There is one; a second replaces it. */
  guardWith(guard: StatementGuard): void {
    this.guard = guard;
  }

  /** Runs the flush `work` in a frame of its own; without a guard nobody asks for one. */
  duringFlush<T>(work: () => T): T {
    return this.guard ? this.flushes.run({ tables: new Set() }, work) : work();
  }

  /** Watches a connection that was just opened: MikroORM's `onCreateConnection`. */
  watch(opened: unknown): void {
    const connection = opened as SqlConnection;
    const executeQuery = connection.executeQuery.bind(connection);
    const streamQuery = connection.streamQuery.bind(connection);
    connection.executeQuery = (query, ...rest) => {
      try {
        this.guard?.(query.sql, connection);
      } catch (error) {
        return Promise.reject(error);
      }
      return executeQuery(query, ...rest);
    };
    connection.streamQuery = (query, ...rest) => {
      this.guard?.(query.sql, connection);
      return streamQuery(query, ...rest);
    };
  }
}
