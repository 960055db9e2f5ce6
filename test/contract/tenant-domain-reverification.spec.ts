import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import {
  type ClaimedDomain,
  DomainReverification,
  type TenantDomainLost,
  TenantDirectory,
  TenantDomains,
  TenantEvents,
} from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const A_DAY_MS = 86_400_000;
const NOBODY = { verified: 0, missing: 0, lost: 0, unanswered: 0 };

describe.each(['sqlite', 'postgresql'] as const)(`${DomainReverification.name} on %s`, (database) => {
  let host: TestHost;
  let domains: TenantDomains;
  let holder: string;
  let claimant: string;
  let domain: string;
  let claim: ClaimedDomain;
  let lost: TenantDomainLost[];

  beforeEach(async () => {
    host = await createTestHost({ database, options: { tenantDomains: { reverifyAfterDays: 30 } } });
    domains = host.get(TenantDomains);
    holder = (await host.newTenant({ provisioned: false })).id;
    claimant = (await host.newTenant({ provisioned: false })).id;
    domain = `${genId()}.example.com`;
    claim = await verified(holder);
    lost = [];
    host.get(TenantEvents).onDomainLost((event) => lost.push(event));
  });
  afterEach(async () => {
    await host.close();
  });

  const verify = (tenantId: string) => host.run(() => domains.verify(tenantId, domain));
  const claimed = async (tenantId: string) =>
    (await host.run(() => domains.list(tenantId))).find((each) => each.domain === domain);
  const verified = async (tenantId: string) => {
    host.dns.publish((await host.run(() => domains.add(tenantId, domain))).record);
    return verify(tenantId);
  };
  const reverify = () => host.run(() => host.get(DomainReverification).run());
  const later = (days: number) => host.clock.advance(days * A_DAY_MS);
  /** Where the domain leads to, or why nowhere. */
  const tenant = () =>
    host
      .get(TenantDirectory)
      .getByDomain(domain)
      .then(
        ({ id }) => id,
        ({ code }: { code: string }) => code,
      );
  const losses = () => host.run(() => host.hostDatabase.auditLogs.find({ eventType: 'tenants.domain-lost' }));

  it('asks again when a verification is old enough, and not before', async () => {
    later(29);
    expect(await reverify()).toEqual(NOBODY);
    later(1);
    expect(await reverify()).toEqual({ ...NOBODY, verified: 1 });
    expect(await claimed(holder)).toEqual({ ...claim, lastVerifiedAt: host.clock.now() });
    expect(await reverify()).toEqual(NOBODY);
    expect(await tenant()).toBe(holder);
  });

  it('takes back a domain whose record is gone for the whole time of grace, and tells everybody', async () => {
    expect(await tenant()).toBe(holder);
    host.dns.withdraw(claim.record);
    later(30);
    expect(await reverify()).toEqual({ ...NOBODY, missing: 1 });
    const missingSince = host.clock.now();
    expect(await claimed(holder)).toEqual({ ...claim, missingSince });
    // Asked a moment ago.
    expect(await reverify()).toEqual(NOBODY);
    later(6);
    expect(await reverify()).toEqual({ ...NOBODY, missing: 1 });
    expect([await tenant(), lost]).toEqual([holder, []]);
    later(1);
    expect(await reverify()).toEqual({ ...NOBODY, lost: 1 });
    expect(await tenant()).toBe('TENANTS_NOT_FOUND');
    expect(await claimed(holder)).toEqual({ ...claim, verifiedAt: null, lastVerifiedAt: null });
    expect(lost).toEqual([{ tenantId: holder, domain, reason: 'record-missing' }]);
    const details = { domain, reason: 'record-missing', missingSince: missingSince.toISOString() };
    expect(await losses()).toEqual([expect.objectContaining({ tenantId: holder, targetId: holder, details })]);
    // The claim is there still.
    host.dns.publish(claim.record);
    expect(await verify(holder)).toMatchObject({ verifiedAt: host.clock.now(), missingSince: null });
    expect(await tenant()).toBe(holder);
  });

  it('forgives a record that comes back, by itself or when its tenant says so', async () => {
    for (const confirm of [reverify, () => verify(holder)]) {
      host.dns.withdraw(claim.record);
      later(30);
      await reverify();
      expect(await claimed(holder)).toMatchObject({ missingSince: host.clock.now() });
      host.dns.publish(claim.record);
      later(1);
      await confirm();
      expect(await claimed(holder)).toEqual({ ...claim, lastVerifiedAt: host.clock.now() });
    }
    host.dns.withdraw(claim.record);
    later(30);
    await reverify();
    // The time of grace begins anew.
    later(6);
    expect(await reverify()).toEqual({ ...NOBODY, missing: 1 });
  });

  it('takes a name server that gives no answer for no answer, however long', async () => {
    host.dns.isAway = true;
    for (let round = 0; round < 3; round++) {
      later(30);
      expect(await reverify()).toEqual({ ...NOBODY, unanswered: 1 });
    }
    expect(await claimed(holder)).toEqual(claim);
    expect([await tenant(), lost]).toEqual([holder, []]);
    // The control: it was due all the time.
    host.dns.isAway = false;
    later(1);
    expect(await reverify()).toEqual({ ...NOBODY, verified: 1 });
  });

  it('gives a domain at once to whoever proves it while the record of its holder is gone', async () => {
    await expect(verified(claimant)).rejects.toMatchObject({ code: 'TENANTS_DOMAIN_TAKEN', domain });
    expect(await tenant()).toBe(holder);
    host.dns.withdraw(claim.record);
    host.dns.isAway = true;
    await expect(verify(claimant)).rejects.toMatchObject({ code: 'TENANTS_DOMAIN_LOOKUP_FAILED' });
    expect([await tenant(), lost]).toEqual([holder, []]);
    host.dns.isAway = false;
    expect(await verify(claimant)).toMatchObject({ verifiedAt: host.clock.now() });
    expect(await tenant()).toBe(claimant);
    expect(await claimed(holder)).toBeUndefined();
    expect(lost).toEqual([{ tenantId: holder, domain, reason: 'taken-over' }]);
    const details = { domain, reason: 'taken-over', missingSince: null };
    expect(await losses()).toEqual([expect.objectContaining({ tenantId: holder, details })]);
  });

  it('does not take it for whoever proves nothing, though the record of its holder is gone', async () => {
    await host.run(() => domains.add(claimant, domain));
    host.dns.withdraw(claim.record);
    await expect(verify(claimant)).rejects.toMatchObject({ code: 'TENANTS_DOMAIN_NOT_VERIFIED' });
    expect(await tenant()).toBe(holder);
  });

  it('gives it to one of two who prove it at the same time while the record of its holder is gone', async () => {
    const other = (await host.newTenant({ provisioned: false })).id;
    host.dns.withdraw(claim.record);
    for (const each of [claimant, other]) host.dns.publish((await host.run(() => domains.add(each, domain))).record);
    const results = await Promise.allSettled([verify(claimant), verify(other)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(lost).toEqual([{ tenantId: holder, domain, reason: 'taken-over' }]);
  });

  it('is a job on a schedule', async () => {
    later(31);
    await host.run(() => host.get(JobsService).enqueue('tenants.reverify-domains', null));
    await host.runJobs();
    expect(await claimed(holder)).toMatchObject({ lastVerifiedAt: host.clock.now() });
    const schedules = await host.run(() => host.hostDatabase.em.execute('select job_type from sys_job_schedules'));
    expect(schedules).toContainEqual({ job_type: 'tenants.reverify-domains' });
  });
});

describe('the options of re-verification', () => {
  it('turn it off, or have it take a domain at once', async () => {
    const off = await createTestHost({ options: { tenantDomains: { reverifyAfterDays: 0 } } });
    const schedules = await off.run(() => off.hostDatabase.em.execute('select job_type from sys_job_schedules'));
    expect(schedules).not.toContainEqual({ job_type: 'tenants.reverify-domains' });
    await off.close();

    const strict = await createTestHost({ options: { tenantDomains: { reverifyAfterDays: 1, graceDays: 0 } } });
    const { id } = await strict.newTenant({ provisioned: false });
    const domains = strict.get(TenantDomains);
    strict.dns.publish((await strict.run(() => domains.add(id, 'acme.example'))).record);
    const { record } = await strict.run(() => domains.verify(id, 'acme.example'));
    strict.dns.withdraw(record);
    strict.clock.advance(A_DAY_MS);
    expect(await strict.run(() => strict.get(DomainReverification).run())).toEqual({ ...NOBODY, lost: 1 });
    await strict.close();
  });

  it.each([{ reverifyAfterDays: -1 }, { graceDays: 1.5 }])(
    'are refused where they are no whole days: %j',
    async (tenantDomains) => {
      const [option = ''] = Object.keys(tenantDomains);
      await expect(createTestHost({ options: { tenantDomains } })).rejects.toMatchObject({ option: `tenantDomains.${option}` });
    },
  );
});
