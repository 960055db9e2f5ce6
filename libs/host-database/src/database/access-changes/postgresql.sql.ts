import { ACCESS_CHANGES_CHANNEL, ACCESS_TABLES, type AccessTable } from './index.js';

const TELL = 'core_access_tell';

/** Sent with the commit, once for each subject of a transaction, and only ids: a notification can be read by every user of the server. */
const TELL_BODY = ` declare subject text;
  begin
    foreach subject in array tg_argv loop
      if tg_op <> 'INSERT' then
        perform pg_notify('${ACCESS_CHANGES_CHANNEL}', split_part(subject, ':', 1) || ':' || (to_jsonb(old) ->> split_part(subject, ':', 2)));
      end if;
      if tg_op <> 'DELETE' then
        perform pg_notify('${ACCESS_CHANGES_CHANNEL}', split_part(subject, ':', 1) || ':' || (to_jsonb(new) ->> split_part(subject, ':', 2)));
      end if;
    end loop;
    return null;
  end `;

/** What the migration adds: whoever changes what somebody may do tells all processes, also with plain SQL and from a replica's stream. */
export const accessChangesStatements: readonly string[] = [
  `create function ${TELL}() returns trigger language plpgsql as $$${TELL_BODY}$$;`,
  ...ACCESS_TABLES.flatMap((table) => trigger(table, 'update', changed(table))),
  ...ACCESS_TABLES.flatMap((table) => trigger(table, table.tellsInsert ? 'insert or delete' : 'delete', '')),
];

function trigger({ table, subjects }: AccessTable, events: string, when: string): string[] {
  const name = `${table}_access_${events === 'update' ? 'update' : 'rows'}`;
  const whom = subjects.map(([kind, column]) => `'${kind}:${column}'`).join(', ');
  return [
    `create trigger "${name}" after ${events} on "${table}" for each row ${when}execute function ${TELL}(${whom});`,
    `alter table "${table}" enable always trigger "${name}";`,
  ];
}

function changed({ columns }: AccessTable): string {
  const changes = columns.map((column) => `old."${column}" is distinct from new."${column}"`);
  return changes.length > 0 ? `when (${changes.join(' or ')}) ` : '';
}
