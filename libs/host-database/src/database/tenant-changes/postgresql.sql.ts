import { TENANT_CHANGES_CHANNEL, TENANT_TABLES } from './index.js';

const TELL = 'core_tenants_tell';

/** Sent with the commit, once for each tenant of a transaction, and only the id: a notification can be read by every user of the server. */
const TELL_BODY = ` begin
    if tg_op <> 'INSERT' then perform pg_notify('${TENANT_CHANGES_CHANNEL}', to_jsonb(old) ->> tg_argv[0]); end if;
    if tg_op <> 'DELETE' then perform pg_notify('${TENANT_CHANGES_CHANNEL}', to_jsonb(new) ->> tg_argv[0]); end if;
    return null;
  end `;

/** What the migration adds: whoever writes a tenant's row tells all processes, also with plain SQL and from a replica's stream. */
export const tenantChangesStatements: readonly string[] = [
  `create function ${TELL}() returns trigger language plpgsql as $$${TELL_BODY}$$;`,
  ...TENANT_TABLES.flatMap(({ table, idColumn }) => [
    `create trigger "${table}_tell" after insert or update or delete on "${table}" for each row execute function ${TELL}('${idColumn}');`,
    `alter table "${table}" enable always trigger "${table}_tell";`,
  ]),
];
