import { BILLING_CHANGES_KEPT, BILLING_CHANGES_TABLE, BILLING_TABLES, EVERY_TENANT } from './index.js';

/** What the migration adds: whoever changes what a tenant has notes that in the same transaction, also with plain SQL. */
export const billingChangesStatements: readonly string[] = [
  `create table ${BILLING_CHANGES_TABLE} (seq integer primary key, tenant_id text not null);`,
  ...BILLING_TABLES.flatMap(({ table }) => billingTriggersOn(table)),
];

/** The part of one table, for a migration that makes it anew. */
export function billingTriggersOn(name: (typeof BILLING_TABLES)[number]['table']): readonly string[] {
  return BILLING_TABLES.filter(({ table }) => table === name).flatMap(({ table, tenantColumn }) =>
    (['insert', 'update', 'delete'] as const).map((verb) => trigger(table, verb, rowsOf(verb, tenantColumn))),
  );
}

function rowsOf(verb: 'insert' | 'update' | 'delete', tenantColumn: string | undefined): readonly string[] {
  if (!tenantColumn) return [`'${EVERY_TENANT}'`];
  if (verb === 'insert') return [`new.${tenantColumn}`];
  return verb === 'delete' ? [`old.${tenantColumn}`] : [`old.${tenantColumn}`, `new.${tenantColumn}`];
}

function trigger(table: string, verb: string, tenants: readonly string[]): string {
  const notes = tenants.map((tenant) => `insert into ${BILLING_CHANGES_TABLE} (tenant_id) values (${tenant});`);
  // The newest row is never removed, so that a number is never given twice.
  return `create trigger ${table}_billing_${verb} after ${verb} on ${table} for each row begin
    ${notes.join('\n    ')}
    delete from ${BILLING_CHANGES_TABLE} where seq <= (select max(seq) from ${BILLING_CHANGES_TABLE}) - ${BILLING_CHANGES_KEPT};
  end;`;
}
