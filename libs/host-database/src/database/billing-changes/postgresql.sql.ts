import { BILLING_CHANGES_CHANNEL, BILLING_TABLES, EVERY_TENANT } from './index.js';

const TELL = 'core_billing_tell';

/** Sent with the commit, once for each tenant of a transaction, and only ids: a notification can be read by every user of the server. */
const TELL_BODY = ` begin
    if tg_nargs = 0 then
      perform pg_notify('${BILLING_CHANGES_CHANNEL}', '${EVERY_TENANT}');
      return null;
    end if;
    if tg_op <> 'INSERT' then perform pg_notify('${BILLING_CHANGES_CHANNEL}', to_jsonb(old) ->> tg_argv[0]); end if;
    if tg_op <> 'DELETE' then perform pg_notify('${BILLING_CHANGES_CHANNEL}', to_jsonb(new) ->> tg_argv[0]); end if;
    return null;
  end `;

/** What the migration adds: whoever changes what a tenant has tells all processes, also with plain SQL and from a replica's stream. */
export const billingChangesStatements: readonly string[] = [
  `create function ${TELL}() returns trigger language plpgsql as $$${TELL_BODY}$$;`,
  ...BILLING_TABLES.flatMap(({ table, tenantColumn }) => [
    `create trigger "${table}_billing_tell" after insert or update or delete on "${table}" for each row execute function ${TELL}(${tenantColumn ? `'${tenantColumn}'` : ''});`,
    `alter table "${table}" enable always trigger "${table}_billing_tell";`,
  ]),
];
