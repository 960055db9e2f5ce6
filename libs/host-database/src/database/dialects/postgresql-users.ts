import type { DatabaseSettings } from '../database-settings.js';
import type { AdministratorSessions } from './administrator-sessions.js';
import { quoteIdentifier as quote } from './postgresql-identifiers.js';
import { scramVerifier } from './scram-verifier.js';
import type { UserAdministration, UserGrant } from './server-administration.interface.js';

/** Users of a PostgreSQL server with as few rights as a tenant needs. */
export class PostgresqlUsers implements UserAdministration {
  constructor(private readonly sessions: AdministratorSessions) {}

  async create(place: DatabaseSettings, { password, ...grant }: UserGrant & { readonly password: string }): Promise<void> {
    // In place of the password, which so is in no statement and no log of the server.
    const verifier = await scramVerifier(password);
    await this.sessions.changingPrivileges(place.name, async (session) => {
      await session.closeToPublic(place.name);
      const verb = (await session.hasUser(grant.user)) ? 'alter' : 'create';
      const limit = grant.connectionLimit ?? -1;
      await session.execute(`${verb} role ${quote(grant.user)} login connection limit ${limit} password '${verifier}'`);
      await session.joinUser(grant.user);
      for (const statement of grants(place, grant)) await session.execute(statement);
    });
  }

  async drop({ name }: DatabaseSettings, user: string): Promise<void> {
    const hasDatabase = await this.sessions.run(async (session) => {
      if (!(await session.hasUser(user))) return undefined;
      await session.execute(`alter role ${quote(user)} nologin`);
      await session.joinUser(user);
      await session.execute('select pg_terminate_backend(pid) from pg_stat_activity where usename = ?', [user]);
      return session.hasDatabase(name);
    });
    if (hasDatabase === undefined) return;
    if (hasDatabase) {
      await this.sessions.changingPrivileges(name, async (session) => {
        await session.execute(`reassign owned by ${quote(user)} to current_user`);
        await session.execute(`drop owned by ${quote(user)}`);
      });
    }
    await this.sessions.run((session) => session.execute(`drop role if exists ${quote(user)}`));
  }

  async changePassword(user: string, password: string, beforeCommit: () => Promise<void>): Promise<void> {
    const verifier = await scramVerifier(password);
    await this.sessions.changingPrivileges(undefined, async (session) => {
      await session.execute(`alter role ${quote(user)} password '${verifier}'`);
      await beforeCommit();
    });
  }
}

/** The statements that let a user into one place. What it may not do anywhere, it never could. */
function grants({ name, schema }: DatabaseSettings, { user, rights }: UserGrant): string[] {
  const [who, where, database] = [quote(user), quote(schema ?? 'public'), quote(name)];
  const rows = 'select, insert, update, delete on tables';
  const sequences = 'usage, select on sequences';
  return [
    `grant connect, temporary on database ${database} to ${who}`,
    ...(schema === undefined ? [] : [`alter role ${who} in database ${database} set search_path = ${where}`]),
    `grant usage on schema ${where} to ${who}`,
    ...(rights === 'owner'
      ? [`grant create on schema ${where} to ${who}`]
      : [
          `revoke create on schema ${where} from ${who}`,
          `grant select, insert, update, delete on all tables in schema ${where} to ${who}`,
          `grant usage, select on all sequences in schema ${where} to ${who}`,
          `alter default privileges in schema ${where} grant ${rows} to ${who}`,
          `alter default privileges in schema ${where} grant ${sequences} to ${who}`,
        ]),
  ];
}
