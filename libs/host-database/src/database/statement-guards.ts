import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventManager } from '@mikro-orm/core';

/** Sees a SQL statement before it is sent, with the connection that is to send it. Refuses it by throwing. */
export type StatementGuard = (sql: string, connection: object) => void;

/** What is known of the flush that is running here. */
export interface FlushFrame {
  /** The tables that a subscriber has seen the flush write, in lower case. */
  readonly tables: Set<string>;
}

/** Where in a flush some code runs. */
interface FlushPosition {
  readonly frame: FlushFrame;
  /** Whether MikroORM itself is at work, and no hook that it has called. */
  readonly isOwn: boolean;
  readonly state: { isOpen: boolean };
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
  private readonly positions = new AsyncLocalStorage<FlushPosition>();
  private readonly watched = new WeakSet<EventManager>();
  private guard: StatementGuard | undefined;

  /** Whether a guard is set. */
  get isGuarded(): boolean {
    return this.guard !== undefined;
  }

  /** The flush whose own statement this is. What a hook or a subscriber sends is none of its statements, nor what it left behind. */
  get flush(): FlushFrame | undefined {
    const position = this.positions.getStore();
    return position?.isOwn && position.state.isOpen ? position.frame : undefined;
  }

  /** The flush that is running here: its own statements, and all that its hooks and subscribers do. */
  get flushAround(): FlushFrame | undefined {
    const position = this.positions.getStore();
    return position?.state.isOpen ? position.frame : undefined;
  }

  /** Sets the guard that every further statement has to pass. There is one; a second replaces it. */
  guardWith(guard: StatementGuard): void {
    this.guard = guard;
  }

  /** Runs the flush `work` in a frame of its own, which ends with it; without a guard nobody asks for one. */
  async duringFlush<T>(work: () => Promise<T>): Promise<T> {
    if (!this.guard) return work();
    const state = { isOpen: true };
    try {
      return await this.positions.run({ frame: { tables: new Set() }, isOwn: true, state }, work);
    } finally {
      state.isOpen = false;
    }
  }

  /** Runs `work`, which somebody else than MikroORM has written, so that none of its statements count as the flush's own. */
  besideFlush<T>(work: () => T): T {
    const position = this.positions.getStore();
    return position?.isOwn ? this.positions.run({ ...position, isOwn: false }, work) : work();
  }

  /** Has all hooks and subscribers that `events` calls run beside the flush. */
  watchHooks(events: EventManager): void {
    if (this.watched.has(events)) return;
    this.watched.add(events);
    const dispatch = events.dispatchEvent.bind(events) as (...args: unknown[]) => unknown;
    events.dispatchEvent = ((...args: unknown[]) => this.besideFlush(() => dispatch(...args))) as typeof events.dispatchEvent;
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
