import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { type DatabaseType, type KeyedTable, readRowsAsJson } from '../../database/index.js';

/** The tables of the entities in one tenant's database, those between many-to-many relations too. */
export class TenantTables {
  private readonly connection: AbstractSqlConnection;

  constructor(
    private readonly orm: MikroORM,
    private readonly type: DatabaseType,
  ) {
    this.connection = orm.driver.getConnection() as AbstractSqlConnection;
  }

  /** By name. One that two entities share is there once. */
  get all(): readonly KeyedTable[] {
    const tables = new Map<string, KeyedTable>();
    for (const meta of this.orm.getMetadata()) {
      if (meta.abstract || meta.embeddable || meta.virtual || meta.view || !meta.tableName || meta.primaryKeys.length === 0)
        continue;
      const keys = meta.getPrimaryProps().flatMap(({ fieldNames }) => fieldNames);
      tables.set(meta.tableName, { name: meta.tableName, keys });
    }
    return [...tables.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** How many rows each table has. */
  async count(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { name } of this.all) {
      const [row] = await this.connection.execute<{ total: number | string }[]>(
        `select count(*) as total from ${this.quote(name)}`,
      );
      counts[name] = Number(row?.total);
    }
    return counts;
  }

  /** All rows as JSON, in pages, in the order of their keys. */
  pagesOf(table: KeyedTable): AsyncIterable<readonly string[]> {
    return readRowsAsJson(this.connection, this.type, table);
  }

  private quote(identifier: string): string {
    return this.orm.driver.getPlatform().quoteIdentifier(identifier);
  }
}
