import { ACCESS_CHANGES_KEPT, ACCESS_CHANGES_TABLE, ACCESS_TABLES, type AccessTable } from './index.js';

/** What the migration adds: whoever changes what somebody may do notes that in the same transaction, also with plain SQL. */
export const accessChangesStatements: readonly string[] = [
  `create table ${ACCESS_CHANGES_TABLE} (seq integer primary key, subject text not null);`,
  ...ACCESS_TABLES.filter(({ tellsInsert }) => tellsInsert).map((table) => trigger(table, 'insert', 'new')),
  ...ACCESS_TABLES.map((table) => trigger(table, 'update', 'new')),
  ...ACCESS_TABLES.map((table) => trigger(table, 'delete', 'old')),
];

function trigger(table: AccessTable, verb: 'insert' | 'update' | 'delete', row: 'old' | 'new'): string {
  const notes = table.subjects.map(([kind, column]) => note(kind, `${row}.${column}`));
  // Whoever a row was about before is told where that is somebody else.
  if (verb === 'update')
    for (const [kind, column] of table.subjects) notes.push(note(kind, `old.${column}`, `old.${column} is not new.${column}`));
  const when = verb === 'update' ? changed(table) : '';
  // The newest row is never removed, so that a number is never given twice.
  return `create trigger ${table.table}_access_${verb} after ${verb} on ${table.table} for each row ${when}begin
    ${notes.join('\n    ')}
    delete from ${ACCESS_CHANGES_TABLE} where seq <= (select max(seq) from ${ACCESS_CHANGES_TABLE}) - ${ACCESS_CHANGES_KEPT};
  end;`;
}

function note(kind: string, id: string, condition = 'true'): string {
  return `insert into ${ACCESS_CHANGES_TABLE} (subject) select '${kind}:' || ${id} where ${condition};`;
}

function changed({ columns }: AccessTable): string {
  const changes = columns.map((column) => `old.${column} is not new.${column}`);
  return changes.length > 0 ? `when ${changes.join(' or ')} ` : '';
}
