import type { DirectConnection } from '../database/index.js';

/**
 * Reads on a connection beside the ORM's, outside of the caller's transaction: what is committed. One text for both dialects, with `?`
 * for parameters.
 */
export async function directQuery<T>(
  connection: DirectConnection,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<T[]> {
  if (connection.type === 'sqlite') return connection.read((db) => db.prepare<T>(sql).all(...parameters));
  return connection.query<T>(numbered(sql), parameters);
}

/** As {@link directQuery}, for reading much, batch by batch: what was read is garbage soon, on PostgreSQL too. */
export async function bulkQuery<T>(connection: DirectConnection, sql: string, parameters: readonly unknown[]): Promise<T[]> {
  if (connection.type === 'sqlite') return directQuery(connection, sql, parameters);
  return connection.bulkQuery<T>(numbered(sql), parameters);
}

function numbered(sql: string): string {
  let index = 0;
  return sql.replaceAll('?', () => `$${++index}`);
}
