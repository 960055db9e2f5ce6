import { AsyncLocalStorage } from 'node:async_hooks';
import type { SqlEntityManager } from '@mikro-orm/sql';
import type { StatementGuards } from '../../database/index.js';
import { UnauditedWriteError } from '../audit.errors.js';
import type { AuditedEntities } from './audited-entities.js';

/** Leave to write audited tables directly, for as long as some work runs. */
interface Allowance {
  readonly tables: Set<string>;
  /** That of the transaction in which the bypass is recorded; what another connection writes could be committed without it. */
  connection: object | undefined;
  isOpen: boolean;
}

/** What was done with leave to write audited tables directly. */
export interface AllowedWork<T> {
  readonly result: T;
  /** The audited tables that were written so. */
  readonly tables: readonly string[];
}

/** Tells the statements that may write audited tables, those of captured flushes and those with leave, from all others. */
export class AuditedWrites {
  private readonly allowances = new AsyncLocalStorage<Allowance>();

  constructor(
    private readonly entities: Pick<AuditedEntities, 'tables'>,
    private readonly guards: Pick<StatementGuards, 'flush'>,
  ) {}

  /** @throws UnauditedWriteError when the statement would write an audited table and may not */
  check(sql: string, connection: object): void {
    const allowance = this.allowances.getStore();
    if (allowance?.isOpen) allowance.connection ??= connection;
    const written = this.entities.tables.writtenBy(sql);
    if (written.size === 0) return;
    const { flush } = this.guards;
    const tables = [...written].filter((table) => !flush?.tables.has(table));
    if (tables.length === 0) return;
    if (!allowance?.isOpen || allowance.connection !== connection) throw new UnauditedWriteError(tables);
    for (const table of tables) allowance.tables.add(table);
  }

  /** Runs `work` with leave to write audited tables directly, on the connection of the transaction of `em`. */
  async allow<T>(em: SqlEntityManager, work: (em: SqlEntityManager) => T | Promise<T>): Promise<AllowedWork<T>> {
    const allowance: Allowance = { tables: new Set(), connection: undefined, isOpen: true };
    const result = await this.allowances.run(allowance, async () => {
      try {
        // The guard learns from it which connection is that of the transaction.
        await em.execute('select 1');
        return await work(em);
      } finally {
        allowance.isOpen = false;
      }
    });
    return { result, tables: [...allowance.tables].toSorted() };
  }
}
