import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { genId, getDbUri, hostOrmConfig, NoUnitOfWorkError } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { PasswordNotRotatableError, TenantNotFoundError, TenantSecrets, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { dumpTables } from '../support/table-dump.js';
import { until } from '../support/until.js';

const secrets = { keyId: 'k', keys: { k: randomBytes(32) } };

/** Whether the server lets somebody in at this address. */
async function canConnect(url: string): Promise<boolean> {
  const orm = await MikroORM.init({ ...(await hostOrmConfig({ url })), ensureDatabase: false });
  try {
    await orm.connect();
    return await orm.isConnected();
  } finally {
    await orm.close(true);
  }
}

// SQLite has no users.
describe('the password of a tenant on postgresql', () => {
  const roles: string[] = [];
  const logged: string[] = [];
  const recorder = { debug: true, colors: false, logger: (message: string) => void logged.push(message) };
  let host: TestHost;
  let sut: TenantSecrets;

  beforeAll(async () => {
    host = await createTestHost({
      database: 'postgresql',
      mikroOrm: recorder,
      options: {
        secrets,
        // Connections end as soon as they are idle, so that new ones are opened all the time; and the catalogue is asked only once.
        // The tests make users of their own.
        tenantDatabases: {
          users: 'shared',
          pool: { min: 0, max: 2, idleTimeoutMillis: 1 },
          catalogTtlMs: 600_000,
          mikroOrm: recorder,
        },
      },
    });
    sut = host.get(TenantSecrets);
  });
  afterAll(async () => {
    await host.run(() => Promise.all(roles.map((role) => host.hostDatabase.em.execute(`drop role "${role}"`))));
    await host.close();
  });

  const enter = (id: string) =>
    host.run(() => host.get(TenantDatabases).run(id, (em) => em.execute('select current_user as who')));
  const addressOf = (id: string) => host.run(() => host.get(TenantDatabases).run(id, (em) => getDbUri(em)));
  const activate = async (id: string, url: URL) => {
    await host.run(() => host.get(TenantsService).suspend(id));
    await host.run(() => host.get(TenantsService).activate(id, url.href));
  };
  const urlFor = (id: string, user: string, password: string) => {
    const url = new URL(host.options.database?.url ?? '');
    return Object.assign(url, { username: user, password, pathname: `tenant_${id}` });
  };

  /** A tenant with a database user of its own. */
  const tenant = async () => {
    const { id } = await host.newTenant();
    const [role, password] = [`role "of" ${id}`, genId()];
    roles.push(role.replaceAll('"', '""'));
    await host.run(() =>
      host.hostDatabase.em.execute(`create role "${role.replaceAll('"', '""')}" login password '${password}'`),
    );
    const url = urlFor(id, encodeURIComponent(role), password);
    await activate(id, url);
    return { id, role, url: url.href };
  };

  it('is another one on the server and in the catalogue, without a stop', async () => {
    const { id, role, url } = await tenant();
    expect(await enter(id)).toEqual([{ who: role }]);
    const before = await addressOf(id);
    expect(await canConnect(url)).toBe(true);

    logged.length = 0;
    await host.run(() => sut.rotateDatabasePassword(id));
    expect(await canConnect(url)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await enter(id)).toEqual([{ who: role }]);

    const after = await addressOf(id);
    expect(after).not.toBe(before);
    expect(await canConnect(after)).toBe(true);
    const { password } = new URL(after);
    expect(password.length).toBeGreaterThan(40);
    const dump = await host.run(() => dumpTables(host.hostDatabase.em, 'postgresql'));
    expect(dump + logged.join('\n')).not.toContain(password);
    expect(logged.join('\n')).toContain('alter role');
    const rows = await host.run(() => host.get(AuditService).findByTarget(id));
    const rotated = rows.find(({ eventType }) => eventType === 'tenants.database-password-rotated');
    expect(rotated).toMatchObject({ targetType: 'TenantCatalog', tenantId: id, details: { user: role } });
  });

  it('fails no request while it is rotated', async () => {
    const { id } = await tenant();
    const failures: unknown[] = [];
    let entered = 0;
    const over = new AbortController();
    const fibers = Array.from({ length: 6 }, async () => {
      while (!over.signal.aborted) {
        await enter(id).then(
          () => entered++,
          (error: unknown) => failures.push(error),
        );
        // Long enough for the pool to end the connection.
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    });
    try {
      for (let round = 0; round < 8; round++) {
        await host.run(() => sut.rotateDatabasePassword(id));
        const soFar = entered;
        await until(() => entered >= soFar + 20 || failures.length > 0);
      }
    } finally {
      over.abort();
      await Promise.all(fibers);
    }
    expect(failures).toEqual([]);
  });

  it('is as it was when the transaction of the caller does not commit', async () => {
    const { id, url } = await tenant();
    const rotating = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await sut.rotateDatabasePassword(id);
        throw new Error('changed my mind');
      }),
    );
    await expect(rotating).rejects.toThrow('changed my mind');
    expect(await canConnect(url)).toBe(true);
    expect(await enter(id)).toHaveLength(1);
  });

  it('lets a transaction in that has set it, before and after its commit', async () => {
    const { id, role, url } = await tenant();
    const who = [{ who: role }];
    const inTransaction = (change: () => Promise<unknown>) =>
      host.run(() =>
        host.hostDatabase.transactional(async () => {
          await change();
          return host.get(TenantDatabases).run(id, (em) => em.execute('select current_user as who'));
        }),
      );
    await host.run(() => host.get(TenantsService).suspend(id));
    expect(await inTransaction(() => host.get(TenantsService).activate(id, url))).toEqual(who);
    // Until the commit the server takes the old one only.
    await host.run(() => host.get(TenantsService).suspend(id));
    await host.run(() => host.get(TenantsService).reactivate(id));
    expect(await inTransaction(() => sut.rotateDatabasePassword(id))).toEqual(who);
    expect(await canConnect(url)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await enter(id)).toEqual(who);
  });

  it('is not asked for again and again when it is wrong', async () => {
    const { id, role } = await tenant();
    await host.run(() => host.hostDatabase.em.execute(`alter role "${role.replaceAll('"', '""')}" password 'changed by hand'`));
    const error = await enter(id).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(inspect(error, { depth: 9 })).toContain('28P01');
    await host.run(() => host.get(TenantsService).suspend(id));
  });

  it('is only changed where it is the tenant that has it', async () => {
    const { id } = await host.newTenant();
    const rotate = (tenantId: string) => host.run(() => sut.rotateDatabasePassword(tenantId));
    await expect(rotate(id)).rejects.toBeInstanceOf(PasswordNotRotatableError);
    await expect(rotate(id)).rejects.toMatchObject({ reason: 'no-own-user' });
    await expect(rotate((await host.newTenant({ provisioned: false })).id)).rejects.toMatchObject({ reason: 'not-provisioned' });
    await expect(rotate(genId())).rejects.toBeInstanceOf(TenantNotFoundError);
    const { username, password } = new URL(host.options.database?.url ?? '');
    await activate(id, urlFor(id, username, password));
    await expect(rotate(id)).rejects.toMatchObject({ reason: 'user-of-the-host' });
    const elsewhere = urlFor(id, 'someone', 'x');
    await activate(id, Object.assign(elsewhere, { hostname: 'db.example.com' }));
    await expect(rotate(id)).rejects.toMatchObject({ reason: 'other-server' });
    await expect(sut.rotateDatabasePassword(id)).rejects.toBeInstanceOf(NoUnitOfWorkError);
  });
});

describe('the password of a tenant on sqlite', () => {
  it('is none', async () => {
    const host = await createTestHost({ options: { secrets } });
    const { id } = await host.newTenant();
    await expect(host.run(() => host.get(TenantSecrets).rotateDatabasePassword(id))).rejects.toMatchObject({
      reason: 'no-users',
    });
    await host.close();
  });
});
