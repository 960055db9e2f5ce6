import { GUARD_PREFIX, MAY_BEGIN, MAY_GO } from './transitions.js';

/** So begun, that MikroORM tells it for what it is on PostgreSQL, too. */
const refuse = (...message: string[]) =>
  `select raise(abort, ${[`'CHECK constraint failed: ${GUARD_PREFIX}'`, ...message].join(' || ')});`;

const LEADS_NOWHERE = `new.status <> old.status and (not (${MAY_GO}) or
  (old.status = 'pending_deletion' and new.status <> 'deleted' and new.status is not old.deletion_from))`;

/** What holds for a row, whatever it was before: by which name, when it is broken, and what is said then. */
const RULES = [
  [
    'is_active',
    `new.is_active <> (new.status = 'active')`,
    ['new.id', `' is '`, 'new.status', `', and is_active says otherwise.'`],
  ],
  [
    'delete_after',
    `new.status = 'pending_deletion' and new.delete_after is null`,
    ['new.id', `' is '`, 'new.status', `', and delete_after does not say until when.'`],
  ],
  [
    'nothing_left',
    `new.status = 'deleted' and (new.db_url is not null or new.db_url_hash is not null or new.slug is not null)`,
    ['new.id', `' is deleted, and its address or slug is kept.'`],
  ],
] as const;

/**
 * What makes a row the same one: by these `insert or replace` and `update or replace` would find the row that they remove without
 * asking a trigger. The message is that of the constraint, for those who insert the ordinary way.
 */
const UNIQUE = ['id', 'slug', 'db_url_hash'] as const;

const triggers: readonly (readonly [name: string, text: string])[] = [
  [
    'core_tenants_life_begins',
    `before insert on core_tenants when not (${MAY_BEGIN}) begin ${refuse('new.id', `' cannot begin as '`, 'new.status', `'.'`)} end`,
  ],
  [
    'core_tenants_life',
    `before update on core_tenants when ${LEADS_NOWHERE} begin ${refuse('old.id', `' is '`, 'old.status', `' and cannot become '`, 'new.status', `'.'`)} end`,
  ],
  ...RULES.flatMap(([rule, isBroken, message]) =>
    (['insert', 'update'] as const).map(
      (event) =>
        [
          `core_tenants_${rule}_on_${event}`,
          `before ${event} on core_tenants when ${isBroken} begin ${refuse(...message)} end`,
        ] as const,
    ),
  ),
  ...UNIQUE.flatMap((column) => [
    [
      `core_tenants_${column}_no_replace`,
      `before insert on core_tenants when exists (select 1 from core_tenants where ${column} = new.${column}) ` +
        `begin select raise(abort, 'UNIQUE constraint failed: core_tenants.${column}'); end`,
    ] as const,
    [
      `core_tenants_${column}_no_replace_on_update`,
      `before update of ${column} on core_tenants when new.${column} is not old.${column} ` +
        `and exists (select 1 from core_tenants where ${column} = new.${column}) ` +
        `begin select raise(abort, 'UNIQUE constraint failed: core_tenants.${column}'); end`,
    ] as const,
  ]),
  [
    'core_tenants_no_delete',
    `before delete on core_tenants when old.status <> 'deleted' begin ` +
      `${refuse('old.id', `' is '`, 'old.status', `', and only the row of a deleted one can be removed.'`)} end`,
  ],
];

/** What the migration adds. */
export const tenantGuardStatements: readonly string[] = triggers.map(([name, text]) => `create trigger ${name} ${text};`);

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Every guard that is missing or is not the text that this version has written. Nothing where all are as they should be. */
export const findMissingTenantGuards = `
  with wanted(name, text) as (values ${triggers.map(([name, text]) => `(${quoted(name)}, ${quoted(`create trigger ${name} ${text}`)})`).join(', ')})
  select name from wanted where not exists (
    select 1 from sqlite_schema where type = 'trigger' and sqlite_schema.name = wanted.name and lower(sql) = lower(wanted.text))
  order by 1`;
