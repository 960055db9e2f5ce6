import { TENANT_CHANGES_KEPT, TENANT_CHANGES_TABLE, TENANT_TABLES } from './index.js';

/** The newest row is never removed, so that a number is never given twice. */
const note = (idColumn: string) =>
  `insert into ${TENANT_CHANGES_TABLE} (tenant_id) values (${idColumn});
    delete from ${TENANT_CHANGES_TABLE} where seq <= (select max(seq) from ${TENANT_CHANGES_TABLE}) - ${TENANT_CHANGES_KEPT};`;

/** What the migration adds: whoever writes a tenant's row notes that in the same transaction, also with plain SQL. */
export const tenantChangesStatements: readonly string[] = [
  `create table ${TENANT_CHANGES_TABLE} (seq integer primary key, tenant_id text not null);`,
  ...TENANT_TABLES.flatMap(({ table, idColumn }) =>
    (['insert', 'update', 'delete'] as const).map((verb) => {
      const row = verb === 'delete' ? 'old' : 'new';
      return `create trigger ${table}_note_${verb} after ${verb} on ${table} for each row begin
    ${note(`${row}.${idColumn}`)}
  end;`;
    }),
  ),
];
