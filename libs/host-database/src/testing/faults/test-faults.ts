import { HostDatabaseError } from '../../common/index.js';

/** Which statements a fault hits. Everything that is given has to hold. */
export interface FaultMatch {
  /** The statements of this tenant; `host` for those outside of every tenant. @default all */
  readonly tenantId?: string;
  /** Found in the SQL. */
  readonly sql?: RegExp;
}

/** Statements that wait until the test lets them go on. */
export interface HeldStatements {
  /** Resolves when the first one has come. */
  readonly reached: Promise<void>;
  /** How many wait. */
  readonly count: number;
  /** Lets them go on, and holds no more. */
  release(): void;
}

interface Fault extends FaultMatch {
  times: number;
  apply(): Promise<void> | void;
}

/** A statement that a test has let fail. */
export class InjectedFaultError extends HostDatabaseError {
  readonly code = 'TESTING_INJECTED_FAULT';

  constructor(readonly sql: string) {
    super(`This statement was to fail: ${sql}. End the fault with heal() when the test needs it to work again.`);
  }
}

/** The part of a connection that all statements of MikroORM and Kysely go through. */
interface SqlConnection {
  executeQuery(query: { readonly sql: string }, ...rest: unknown[]): Promise<unknown>;
}

/** Lets statements of a test host fail or wait, in one tenant's database or in the host's. The queue's own connection is left alone. */
export class TestFaults {
  private readonly faults = new Set<Fault>();

  /** @param currentTenantId who is bound where a statement is sent */
  constructor(private readonly currentTenantId: () => string | undefined) {}

  /**
   * Lets the statements fail that match, as where the database cannot be reached.
   *
   * @param options.times how many of them; all, without it
   * @param options.error what they fail with
   * @returns what ends it
   */
  fail({ times = Infinity, error, ...match }: FaultMatch & { readonly times?: number; readonly error?: Error } = {}): () => void {
    return this.add({
      ...match,
      times,
      apply: () => {
        throw error ?? new InjectedFaultError(String(match.sql ?? 'any'));
      },
    });
  }

  /** Holds the statements that match until the test releases them, so that two things happen in the order that it is about. */
  hold(match: FaultMatch = {}): HeldStatements {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    let count = 0;
    const end = this.add({
      ...match,
      times: Infinity,
      apply: async () => {
        count++;
        reached.resolve();
        await released.promise;
        count--;
      },
    });
    return {
      reached: reached.promise,
      get count() {
        return count;
      },
      release() {
        end();
        released.resolve();
      },
    };
  }

  /** Ends all faults. What is held has to be released by the one who holds it. */
  heal(): void {
    this.faults.clear();
  }

  /** Watches a connection that was just opened: MikroORM's `onCreateConnection`. */
  watch(opened: unknown): void {
    const connection = opened as SqlConnection;
    const executeQuery = connection.executeQuery.bind(connection);
    connection.executeQuery = async (query, ...rest) => {
      if (this.faults.size > 0) await this.meet(query.sql);
      return executeQuery(query, ...rest);
    };
  }

  private add(fault: Fault): () => void {
    this.faults.add(fault);
    return () => void this.faults.delete(fault);
  }

  private async meet(sql: string): Promise<void> {
    const tenantId = this.currentTenantId() ?? 'host';
    for (const fault of this.faults) {
      if (fault.tenantId !== undefined && fault.tenantId !== tenantId) continue;
      if (fault.sql && !fault.sql.test(sql)) continue;
      if (--fault.times <= 0) this.faults.delete(fault);
      await fault.apply();
    }
  }
}
