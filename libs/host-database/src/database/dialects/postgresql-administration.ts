import type { DatabaseSettings } from '../database-settings.js';
import { AdministratorSessions, type AdministratorSession } from './administrator-sessions.js';
import { quoteIdentifier as quote } from './postgresql-identifiers.js';
import { PostgresqlUsers } from './postgresql-users.js';
import type { AdministeredServer, SchemaInDatabase, ServerAdministration } from './server-administration.interface.js';

/** SQLSTATE of `CREATE DATABASE` where it exists already, and of two of them at once. */
const DATABASE_EXISTS = new Set(['42P04', '23505']);

const HOST_TABLES = ['core_tenants', 'sys_tenant_deletions'];
const SCHEMAS = `
  select n.nspname as name, count(t.tablename) = ${HOST_TABLES.length} as is_host
    from pg_namespace n
    left join pg_tables t on t.schemaname = n.nspname and t.tablename in (${HOST_TABLES.map((name) => `'${name}'`).join(', ')})
   where n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
   group by n.nspname`;

/** Databases and schemas on a PostgreSQL server. */
export class PostgresqlAdministration implements ServerAdministration {
  readonly users: PostgresqlUsers;
  private readonly sessions: AdministratorSessions;

  constructor(server: AdministeredServer) {
    this.sessions = new AdministratorSessions(server);
    this.users = new PostgresqlUsers(this.sessions);
  }

  async create({ name, schema }: DatabaseSettings): Promise<void> {
    const isNew = await this.sessions.run(async (session) => {
      if (await session.hasDatabase(name)) return false;
      return createDatabase(session, name);
    });
    if (schema === undefined) return;
    await this.sessions.changingPrivileges(name, async (session) => {
      // One that schemas share is made for tenants alone, whoever they connect as.
      if (isNew) await session.closeToPublic(name);
      await session.execute(`create schema if not exists ${quote(schema)}`);
    });
  }

  async drop({ name, schema }: DatabaseSettings): Promise<void> {
    if (schema === undefined) {
      await this.sessions.run((session) => session.execute(`drop database if exists ${quote(name)} with (force)`));
      return;
    }
    if (!(await this.sessions.run((session) => session.hasDatabase(name)))) return;
    await this.sessions.run(async (session) => {
      // A connection of its user may hold a lock for as long as it likes.
      await session.execute(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = ? and usename = ? and pg_has_role(usesysid, ?)',
        [name, schema, 'usage'],
      );
      await session.execute(`drop schema if exists ${quote(schema)} cascade`);
    }, name);
  }

  async exists({ name, schema }: DatabaseSettings): Promise<boolean> {
    const hasDatabase = await this.sessions.run((session) => session.hasDatabase(name));
    if (!hasDatabase || schema === undefined) return hasDatabase;
    return this.sessions.run(async (session) => {
      return (await session.execute('select 1 from pg_namespace where nspname = ?', [schema])).length > 0;
    }, name);
  }

  async schemasIn({ name }: DatabaseSettings): Promise<SchemaInDatabase[]> {
    if (!(await this.sessions.run((session) => session.hasDatabase(name)))) return [];
    const rows = await this.sessions.run((session) => session.execute(SCHEMAS), name);
    return rows.map((row) => ({ name: String(row['name']), isHost: row['is_host'] === true }));
  }
}

/** @returns whether it was made by this statement, and not by another process before or at the same time */
async function createDatabase(session: AdministratorSession, name: string): Promise<boolean> {
  try {
    await session.execute(`create database ${quote(name)}`);
    return true;
  } catch (error) {
    if (DATABASE_EXISTS.has(String((error as { code?: unknown }).code))) return false;
    throw error;
  }
}
