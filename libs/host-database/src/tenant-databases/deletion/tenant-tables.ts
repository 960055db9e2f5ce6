import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { type DatabaseType, type KeyedTable, readRowsAsJson } from '../../database/index.js';

/** A table of a tenant. */
export interface TenantTable extends KeyedTable {
  /** By which counts and files tell of it: its name, after that of the schema where the entity names one. */
  readonly label: string;
}

const EXISTING = {
  sqlite: `select null as own, null as "schema", name from sqlite_schema where type = 'table'`,
  postgresql: 'select current_schema() as own, schemaname as "schema", tablename as name from pg_tables',
} as const satisfies Record<DatabaseType, string>;

/**
 * The tables of the entities that are there in one tenant's database, those between many-to-many relations too. A tenant that was closed
 * before it was migrated does not have all that the entities of today have.
 */
export class TenantTables {
  private readonly connection: AbstractSqlConnection;
  private found: Promise<readonly TenantTable[]> | undefined;

  constructor(
    private readonly orm: MikroORM,
    private readonly type: DatabaseType,
  ) {
    this.connection = orm.driver.getConnection() as AbstractSqlConnection;
  }

  /** By label. One that two entities share is there once. Found out once. */
  all(): Promise<readonly TenantTable[]> {
    return (this.found ??= this.find());
  }

  /** How many rows each table has. */
  async count(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { name, schema, label } of await this.all()) {
      const from = schema === undefined ? this.quote(name) : `${this.quote(schema)}.${this.quote(name)}`;
      const [row] = await this.connection.execute<{ total: number | string }[]>(`select count(*) as total from ${from}`);
      counts[label] = Number(row?.total);
    }
    return counts;
  }

  /** All rows as JSON, in pages, in the order of their keys. */
  pagesOf(table: KeyedTable): AsyncIterable<readonly string[]> {
    return readRowsAsJson(this.connection, this.type, table);
  }

  private async find(): Promise<readonly TenantTable[]> {
    const rows = await this.connection.execute<ExistingTable[]>(EXISTING[this.type]);
    const existing = new Set(rows.map(({ schema, name }) => labelOf(name, schema)));
    const own = rows[0]?.own ?? null;
    const isThere = ({ name, schema }: TenantTable) => existing.has(labelOf(name, schema ?? own));
    return this.declared.filter(isThere).toSorted((a, b) => (a.label < b.label ? -1 : 1));
  }

  private get declared(): TenantTable[] {
    const tables = new Map<string, TenantTable>();
    const hasSchemas = this.type === 'postgresql';
    for (const meta of this.orm.getMetadata()) {
      const { tableName: name } = meta;
      if (meta.abstract || meta.embeddable || meta.virtual || meta.view || !name || meta.primaryKeys.length === 0) continue;
      const keys = meta.getPrimaryProps().flatMap(({ fieldNames }) => fieldNames);
      const schema = hasSchemas && meta.schema !== undefined && meta.schema !== '*' ? meta.schema : undefined;
      const label = labelOf(name, schema ?? null);
      tables.set(label, { name, keys, label, ...(schema !== undefined && { schema }) });
    }
    return [...tables.values()];
  }

  private quote(identifier: string): string {
    return this.orm.driver.getPlatform().quoteIdentifier(identifier);
  }
}

interface ExistingTable {
  readonly own: string | null;
  readonly schema: string | null;
  readonly name: string;
}

function labelOf(name: string, schema: string | null): string {
  return schema === null ? name : `${schema}.${name}`;
}
