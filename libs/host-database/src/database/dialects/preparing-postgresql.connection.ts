import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { AbortQueryOptions, AnyEntity, EntityData, LogContext, QueryResult } from '@mikro-orm/core';
import { PostgreSqlConnection } from '@mikro-orm/postgresql';
import { type PreparingClient, StatementPreparer, withoutMark } from './prepared-statement.js';

/** What MikroORM takes for connecting, with the hook of its own that it gives the new pool to. */
export type PoolOverrides = Parameters<PostgreSqlConnection['createKyselyDialect']>[0];
export type KyselyDialect = ReturnType<PostgreSqlConnection['createKyselyDialect']>;
type Execute = PostgreSqlConnection['execute'];

/** Calls `onConnect` with each client that the pool connects, before anything is sent by it; what `overrides` asks for comes after. */
export function withClients(overrides: PoolOverrides, onConnect: (client: unknown) => void): PoolOverrides {
  const { onPoolCreated } = (overrides ?? {}) as { onPoolCreated?: (pool: EventEmitter) => unknown };
  return {
    ...overrides,
    onPoolCreated: (pool: EventEmitter) => {
      pool.on('connect', onConnect);
      return onPoolCreated?.(pool);
    },
  } as PoolOverrides;
}

/**
 * Sends the statements of `preparedStatement()` with their parameters apart, so that the server prepares them. MikroORM writes the values
 * of all others into their text, which the server parses and plans each time.
 */
export class PreparingPostgresqlConnection extends PostgreSqlConnection {
  private readonly preparer = new StatementPreparer();

  override createKyselyDialect(overrides: PoolOverrides): KyselyDialect {
    return super.createKyselyDialect(withClients(overrides, (client) => this.preparer.watch(client as PreparingClient)));
  }

  // As MikroORM does it, the way of the parameters apart: hook, log, abortion and result are the same.
  override async execute<T extends QueryResult | EntityData<AnyEntity> | EntityData<AnyEntity>[] = EntityData<AnyEntity>[]>(
    ...args: Parameters<Execute>
  ): Promise<T> {
    const [query, params = [], method = 'all', ctx, loggerContext] = args;
    const statement = typeof query === 'string' && isList(params) ? withoutMark(query) : undefined;
    if (statement === undefined) return super.execute<T>(...args);
    await this.ensureConnection();
    const values = params as readonly unknown[];
    const text = this.config.get('onQuery')(statement, values);
    const { signal, inflightQueryAbortStrategy, ...context } = (loggerContext ?? {}) as LogContext & AbortQueryOptions;
    const abort = signal || inflightQueryAbortStrategy ? { signal, inflightQueryAbortStrategy } : undefined;
    return this.executeQuery(
      this.logged(text, values, context),
      async () => {
        // A hook may write a different text each time, which no connection should keep.
        const compiled = compiledQuery(text === statement ? (query as string) : text, values);
        return this.transformRawResult<T>(await (ctx ?? this.getClient()).executeQuery(compiled, abort), method);
      },
      { query: text, params: values, ...context },
    );
  }

  private logged(text: string, values: readonly unknown[], context: LogContext): string {
    if (!this.config.getLogger().isEnabled('query-params', context)) return text;
    const inOrder: unknown[] = [];
    const withSigns = text.replaceAll(/\$(\d+)/g, (_, index: string) => {
      inOrder.push(values[Number(index) - 1]);
      return '?';
    });
    return this.getSql(text, this.platform.formatQuery(withSigns, inOrder), context);
  }
}

type KyselyQuery = Parameters<ReturnType<PostgreSqlConnection['getClient']>['executeQuery']>[0];

/** What Kysely's own `CompiledQuery.raw()` makes. Kysely comes with MikroORM and is not ours to import. */
function compiledQuery(sql: string, parameters: readonly unknown[]): KyselyQuery {
  // Kysely tells queries apart by this object, so that an abort hits the right one.
  const queryId = { queryId: randomUUID() };
  return { sql, parameters, query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] }, queryId };
}

function isList(params: unknown): params is readonly unknown[] {
  return Array.isArray(params);
}
