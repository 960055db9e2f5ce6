import Database from 'better-sqlite3';
import { Client } from 'pg';

/**
 * Looks at a contender's database over a connection of its own.
 *
 * @typedef {object} Observer
 * @property {(table: import('./line-up.mjs').Table) => Promise<number>} countUnfinished jobs that have not yet run exactly once
 * @property {(table: import('./line-up.mjs').Table) => Promise<number>} countAll jobs that are there
 * @property {() => Promise<number | undefined>} walBytes how much was ever written ahead; undefined where nobody counts that
 * @property {() => Promise<unknown>} settle brings the statistics up to date that statements are planned with
 * @property {() => Promise<unknown>} holdSnapshot from now on keeps all rows from being vacuumed that are deleted
 * @property {() => Promise<unknown>} close
 */

/** @returns {Promise<Observer>} */
export async function observe({ type }, { address }) {
  return type === 'sqlite' ? observeSqlite(address) : observePostgresql(address);
}

function observeSqlite(file) {
  const database = new Database(file, { readonly: true });
  const count = async (sql) => database.prepare(sql).get().count;
  return {
    countUnfinished: (table) => count(unfinished(table)),
    countAll: (table) => count(all(table)),
    walBytes: async () => undefined,
    settle: async () => undefined,
    close: async () => database.close(),
  };
}

async function observePostgresql(connectionString) {
  const client = new Client({ connectionString });
  await client.connect();
  const one = async (sql) => Number((await client.query(sql)).rows[0].count);
  let holder;
  return {
    countUnfinished: (table) => one(unfinished(table)),
    countAll: (table) => one(all(table)),
    walBytes: () => one(`select pg_current_wal_lsn() - '0/0'::pg_lsn as count`),
    settle: () => client.query('vacuum analyze'),
    async holdSnapshot() {
      holder = new Client({ connectionString });
      await holder.connect();
      await holder.query('begin isolation level repeatable read');
      await holder.query('select 1');
    },
    async close() {
      await holder?.end();
      await client.end();
    },
  };
}

function all({ name, jobs }) {
  return `select count(*) as count from ${name} where ${jobs}`;
}

function unfinished({ completedOnce, ...table }) {
  return all(table) + (completedOnce ? ` and not (${completedOnce})` : '');
}
