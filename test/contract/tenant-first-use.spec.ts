import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DatabaseType } from 'nestjs-host-database';
import { HostDatabase, TenantCatalog } from 'nestjs-host-database';
import { TenantOutdatedError } from 'nestjs-host-database/tenant-databases';
import { Fleet, type FleetApplication, type FleetApplicationOptions, M1, M2, M3 } from '../support/fleet.js';
import { until } from '../support/until.js';

describe.each<DatabaseType>(['sqlite', 'postgresql'])('a tenant that is entered while its tables are older, on %s', (type) => {
  let fleet: Fleet;
  let v1: FleetApplication;
  let id: string;

  beforeEach(async () => {
    fleet = await Fleet.create(type);
    v1 = await fleet.start([M1]);
    [id = ''] = await fleet.addTenants(v1, 1);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await fleet.drop();
  });

  const enter = ({ databases }: FleetApplication) => databases.run(id, (em) => em.execute('select 1 as one'));
  const labels = ({ databases }: FleetApplication) => databases.run(id, (em) => em.execute('select count(*) as n from labels'));
  const deploy = (options: FleetApplicationOptions = {}) => fleet.start([M1, M2], options);
  const setVersion = (schemaVersion: string | null, schemaDigest: string | null = null) =>
    v1.run(async (em) => {
      em.assign(await em.findOneOrFail(TenantCatalog, { id }), { schemaVersion, schemaDigest });
    });

  it('is migrated once for all who enter it at the same time', async () => {
    const v2 = await deploy();
    await Promise.all(Array.from({ length: 20 }, () => labels(v2)));
    expect(await fleet.versions(v2)).toEqual([M2.name]);
    expect(await fleet.applied(v2, id)).toEqual([M1.name, M2.name]);
    // One for the migration; those of the pool are for the twenty.
    expect(v2.opened()).toBeLessThanOrEqual(type === 'sqlite' ? 2 : 1 + 4);
    // The next process finds it as it has to be.
    const next = await deploy();
    await labels(next);
    expect(next.opened()).toBe(1);
  });

  it('is migrated once by two processes', async () => {
    const [one, other] = [await deploy(), await deploy()];
    await Promise.all([labels(one), labels(other)]);
    expect(await fleet.applied(one, id)).toEqual([M1.name, M2.name]);
  });

  it('is looked into where nobody knows its version, and left alone where nothing is lacking', async () => {
    await setVersion(null);
    await enter(v1);
    expect(await fleet.versions(v1)).toEqual([M1.name]);
    expect(await fleet.applied(v1, id)).toEqual([M1.name]);
  });

  it('is migrated inside a transaction on the host, whose end the version waits for', async () => {
    const v2 = await deploy();
    await v2.app.get(HostDatabase).run((em) =>
      em.transactional(async (transaction) => {
        await transaction.count(TenantCatalog);
        await labels(v2);
      }),
    );
    await until(async () => (await fleet.versions(v2))[0] === M2.name);
    expect(await fleet.applied(v2, id)).toEqual([M1.name, M2.name]);
  });

  it('tells everybody of a migration that fails, and is tried again by the next', async () => {
    await fleet.poison(v1, [id]);
    const v2 = await deploy();
    const outcomes = await Promise.allSettled([labels(v2), labels(v2)]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/labels/) } });
    expect(v2.databases.statistics().open).toBe(0);
    await fleet.mend(v1, [id]);
    await labels(v2);
  });

  it.each(['migrate', 'refuse'] as const)('is entered although its version cannot be recorded (%s)', async (outdated) => {
    const v2 = await fleet.start(outdated === 'migrate' ? [M1, M2] : [M1], { outdated });
    if (outdated === 'refuse') await setVersion(null);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const allowVersions = await fleet.refuseVersions(v1);
    await enter(v2);
    await allowVersions();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(new RegExp(`${id}.*too busy`))]]);
    // This process knows; the next one looks again.
    await enter(v2);
    const next = await fleet.start(outdated === 'migrate' ? [M1, M2] : [M1]);
    await enter(next);
    expect(await fleet.versions(next)).toEqual([outdated === 'migrate' ? M2.name : M1.name]);
  });

  it('is refused, and not opened, where that is asked for', async () => {
    const v2 = await deploy({ outdated: 'refuse' });
    const refusal = await enter(v2).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TenantOutdatedError);
    expect(refusal).toMatchObject({ code: 'TENANT_DATABASES_OUTDATED', tenantId: id, version: M1.name, target: M2.name });
    expect(v2.opened()).toBe(0);

    await setVersion(null);
    await expect(enter(v2)).rejects.toThrow(TenantOutdatedError);
    await v2.migrations.run();
    await labels(v2);
    // Of one that lacks nothing the version is written down.
    await setVersion(null);
    const next = await deploy({ outdated: 'refuse' });
    await labels(next);
    expect(await fleet.versions(next)).toEqual([M2.name]);
  });

  it('is served as it is where that is asked for', async () => {
    const v2 = await deploy({ outdated: 'serve' });
    await enter(v2);
    await expect(labels(v2)).rejects.toThrow(/labels/);
    expect(await fleet.versions(v2)).toEqual([M1.name]);
  });

  it('is served by an older application, which says so once', async () => {
    const v3 = await fleet.start([M1, M2, M3]);
    await labels(v3);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const v2 = await deploy({ outdated: 'refuse' });
    await labels(v2);
    await labels(v2);
    expect(await fleet.versions(v2)).toEqual([M3.name]);
    expect(warn.mock.calls.filter(([message]) => String(message).includes(M3.name))).toHaveLength(1);
  });

  it('is told apart from a wrong option', async () => {
    await expect(deploy({ outdated: 'later' as 'serve' })).rejects.toThrow(/tenantDatabases\.outdated/);
    await expect(deploy({ fleet: { concurrency: 0 } })).rejects.toThrow(/tenantDatabases\.fleet\.concurrency/);
  });
});
