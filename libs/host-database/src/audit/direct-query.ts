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
  let index = 0;
  return connection.query<T>(
    sql.replaceAll('?', () => `$${++index}`),
    parameters,
  );
}
