import { describe, expect, it } from '@jest/globals';
import { AuditedTables } from './audited-tables.js';

const sut = new AuditedTables(['core_users', 'core_tenants']);
const written = (sql: string) => [...sut.writtenBy(sql)].toSorted();

const WRITES: readonly string[] = [
  'insert into core_users (id) values (1)',
  'INSERT INTO "core_users" ("id") values (1)',
  'insert or replace into `core_users` values (1)',
  'insert or ignore into [core_users] values (1)',
  "insert into 'core_users' values (1)",
  'replace into core_users values (1)',
  'insert into core_users select * from elsewhere',
  'update core_users set email = 1',
  'update "core_users" as u0 set "email" = 1',
  'update "public"."core_users" set email = 1',
  'update public . core_users set email = 1',
  'update main."CORE_USERS" set email = 1',
  'update only core_users set email = 1',
  'update only (core_users) set email = 1',
  'update or ignore core_users set email = 1',
  'update elsewhere set a = 1; update core_users set email = 1',
  'Update\n\tCore_Users\nset email = 1',
  'delete from core_users',
  'delete from only public.core_users where id = 1',
  'delete/* from elsewhere */from/**/core_users',
  'delete -- from elsewhere\nfrom core_users',
  'merge into core_users using source on true when matched then delete',
  'merge into only core_users using source on true when matched then delete',
  'truncate core_users',
  'truncate table elsewhere, only core_users restart identity',
  'truncate elsewhere *, core_users',
  'copy core_users from stdin',
  'copy public.core_users (id, email) from stdin with (format csv)',
  'with gone as (delete from core_users returning id) select * from gone',
  'with a as (select 1), b as (update core_users set email = 1 returning 1) select * from a, b',
  'with source as (select 1) insert into core_users select * from source',
  'explain analyze delete from core_users',
  'prepare p as delete from core_users',
  "do $$ begin update core_users set email = 'x'; end $$",
  "do 'begin delete from core_users; end'",
  String.raw`update U&"core\005fusers" set email = 1`,
  String.raw`update U&"core\+00005fusers" set email = 1`,
  "select 'it''s' ; update core_users set a = 'b'",
  String.raw`select E'it\'s' ; update core_users set a = 1`,
  String.raw`select 'backslash\' ; update core_users set a = 1`,
  `select 'delete from elsewhere' ; delete from core_users`,
  `select "a""b", [x y] from t; delete from core_users`,
  'select $1 ; delete from core_users',
  "select $tag$ it's $$ $tag$ ; delete from core_users",
  "select array['a', 'b'] ; delete from core_users",
  // A comment that ends at once in SQLite, and nowhere on PostgreSQL.
  '/* /* */ update core_users set email = 1 -- */',
  // A comment that ends at the carriage return on PostgreSQL, and with the line in SQLite.
  '--\rupdate core_users set email = 1',
  "-- it's\r\nupdate core_users set email = 1",
  "-- it's \r ' \n update core_users set email = 1 -- '",
  // White space in SQLite, a letter on PostgreSQL.
  'update \ufeffcore_users set email = 1',
  // The end of a word, and no string with escapes.
  String.raw`select ${'\u00a0'}e'\'; update core_users set email = 1 --'`,
  'alter table core_users alter column is_sys_admin type boolean using true',
  'alter table if exists only public.core_users add column x integer',
  'alter table "core_users" rename to elsewhere',
  'drop table core_users',
  'drop table if exists elsewhere, core_users cascade',
  "select 1; do $$ begin update core_users set email = 'x'; end $$",
  // A name in SQLite.
  "with [a'] as (select 1) update core_users set email = ']'",
];

const READS: readonly string[] = [
  'select * from core_users',
  'select * from core_users for update',
  'select * from core_users u for update of u',
  'select 1 from a, core_users for update of core_users skip locked',
  'select 1 from core_users for no key update nowait',
  'select u.update, u.into, u.delete from core_users u',
  'insert into elsewhere select * from core_users',
  'insert into elsewhere values (1) on conflict (id) do update set a = (select 1 from core_users)',
  'update elsewhere set a = u.b from core_users u',
  'delete from elsewhere using core_users',
  'delete from elsewhere where id in (select id from core_users)',
  "select 'update core_users set a = 1'",
  "select 'it''s; delete from core_users'",
  'select 1 /* delete from core_users */',
  'select 1 -- delete from core_users',
  'select $$ delete from core_users $$',
  'select $body$ delete from core_users $body$',
  'update core_users_archive set a = 1',
  'update my_core_users set a = 1',
  'delete from "core_users.archive"',
  'insert into elsewhere (core_users) values (1)',
  'copy core_users to stdout',
  'copy core_users (id) to stdout',
  'copy (select * from core_users) to stdout',
  'select count(*) as "update" from core_users',
  'lock table core_users in share mode',
  'create index on core_users (email)',
  'drop index core_users_email',
  'alter table elsewhere add foreign key (user_id) references core_users',
  'select 1 -- it is core_users\r\n',
  "select * from core_users where role = any(array['a', 'b'])",
  String.raw`select U&"data" from elsewhere`,
  '',
];

describe(AuditedTables, () => {
  it.each(WRITES)('sees the write in: %s', (sql) => {
    expect(written(sql)).toEqual(['core_users']);
  });

  it.each(READS)('sees no write in: %s', (sql) => {
    expect(written(sql)).toEqual([]);
  });

  it('names every table that is written', () => {
    const sql = 'with a as (delete from core_tenants returning 1), b as (select 1) insert into core_users select * from a, b';
    expect(written(sql)).toEqual(['core_tenants', 'core_users']);
  });

  it.each([`update U&"core!005fusers" UESCAPE '!' set email = 1`, `update u&"core!005fusers"/**/uescape E'!' set email = 1`])(
    'cannot tell which of the tables is written by a name with escapes of its own: %s',
    (sql) => {
      expect(written(sql)).toEqual(['core_tenants', 'core_users']);
    },
  );

  it('sees a write whatever stands around it', () => {
    const around = ["'x'", '"a"', '`a`', '[a]', '$$ x $$', '/* x */', '-- x\n', "E'\\''", '(1)', "';--'", '1.5', '::text', '[1]'];
    const random = seeded(7);
    const noise = () => Array.from({ length: random(6) }, () => around[random(around.length)]).join(' ');
    for (let run = 0; run < 2_000; run++) {
      const write = WRITES[random(12)] as string;
      const sql = `${noise()} ; ${write} ; ${noise()}`;
      expect([sql, written(sql)]).toEqual([sql, ['core_users']]);
    }
  });

  it('never takes a value for a statement', () => {
    const random = seeded(11);
    const signs = [
      "'",
      '"',
      '`',
      '[',
      ']',
      '$',
      '-',
      '/',
      '*',
      ' ',
      ';',
      'x',
      '(',
      ')',
      'delete from core_users',
      'into core_users',
    ];
    for (let run = 0; run < 2_000; run++) {
      const value = Array.from({ length: random(12) }, () => signs[random(signs.length)]).join('');
      const sql = `insert into elsewhere values ('${value.replaceAll("'", "''")}')`;
      expect([sql, written(sql)]).toEqual([sql, []]);
    }
  });

  it('has nothing to say without tables', () => {
    expect([...new AuditedTables([]).writtenBy('delete from core_users')]).toEqual([]);
  });

  it('settles a long statement about other tables at once', () => {
    const sql = `insert into sys_jobs values ${"('update x set y'),".repeat(20_000)}`;
    const fastestMs = (text: string, runs: number) => {
      const times = Array.from({ length: runs }, () => {
        const started = performance.now();
        sut.writtenBy(text);
        return performance.now() - started;
      });
      return Math.min(...times);
    };
    // The control names one of the tables, and so has to be split into tokens.
    expect(fastestMs(sql, 20)).toBeLessThan(fastestMs(`${sql} core_users`, 3) / 10);
  });
});

/** A small linear congruential generator, so that a failure can be repeated. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
