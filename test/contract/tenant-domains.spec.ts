import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { type ClaimedDomain, TenantDirectory, TenantDomain, TenantDomains } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { outcomeOf } from '../support/directory-arena.js';

describe.each(['sqlite', 'postgresql'] as const)(`${TenantDomains.name} on %s`, (database) => {
  let host: TestHost;
  let sut: TenantDomains;
  let a: string;
  let b: string;

  beforeAll(async () => {
    host = await createTestHost({ database });
    sut = host.get(TenantDomains);
    [a, b] = [(await host.newTenant({ provisioned: false })).id, (await host.newTenant({ provisioned: false })).id];
  });
  afterAll(async () => {
    await host.close();
  });

  const add = (tenantId: string, domain: string) => host.run(() => sut.add(tenantId, domain));
  const verify = (tenantId: string, domain: string) => host.run(() => sut.verify(tenantId, domain));
  const verified = async (tenantId: string, domain: string): Promise<ClaimedDomain> => {
    host.dns.publish((await add(tenantId, domain)).record);
    return verify(tenantId, domain);
  };
  const tenantOf = async (domain: string) => (await host.get(TenantDirectory).getByDomain(domain)).id;
  const newDomain = () => `${genId()}.example.com`;

  it('leads to the tenant that has proved a domain, and no longer once it is removed', async () => {
    const domain = newDomain();
    const claim = await add(a, `${domain.toUpperCase()}.`);
    expect(claim).toEqual({
      domain,
      verifiedAt: null,
      lastVerifiedAt: null,
      missingSince: null,
      record: { type: 'TXT', name: `_tenant-challenge.${domain}`, value: expect.stringMatching(/^tenant-domain=[0-9a-f]{32}$/) },
    });
    expect(await add(a, domain)).toEqual(claim);
    expect(await outcomeOf(host.get(TenantDirectory).getByDomain(domain))).toBe('TENANTS_NOT_FOUND');
    host.dns.publish(claim.record);
    const proved = await verify(a, domain);
    expect(proved).toEqual({ ...claim, verifiedAt: host.clock.now(), lastVerifiedAt: host.clock.now() });
    expect(await verify(a, domain)).toEqual(proved);
    expect(await tenantOf(domain)).toBe(a);
    expect(await host.run(() => sut.list(a))).toContainEqual(proved);
    await host.run(() => sut.remove(a, domain));
    expect(await outcomeOf(host.get(TenantDirectory).getByDomain(domain))).toBe('TENANTS_NOT_FOUND');
    expect(await host.run(() => sut.list(a))).toEqual([]);
  });

  it('is not verified before its own record is published, and that is recorded', async () => {
    const domain = newDomain();
    const { record } = await add(a, domain);
    host.dns.publish({ ...record, value: (await add(b, domain)).record.value });
    await expect(verify(a, domain)).rejects.toMatchObject({ code: 'TENANTS_DOMAIN_NOT_VERIFIED', domain, record });
    const rows = await host.run(() => host.hostDatabase.auditLogs.find({ tenantId: a, eventType: 'tenants.domain-refused' }));
    const details = { domain, reason: 'TENANTS_DOMAIN_NOT_VERIFIED' };
    expect(rows).toEqual([expect.objectContaining({ outcome: 'denied', targetId: a, details })]);
  });

  it('is refused while another tenant can prove it, and taken over where that has only claimed it', async () => {
    const domain = newDomain();
    await add(a, domain);
    await verified(b, domain);
    expect(await tenantOf(domain)).toBe(b);
    expect((await host.run(() => sut.list(a))).map((claim) => claim.domain)).not.toContain(domain);
    await expect(verified(a, domain)).rejects.toMatchObject({ code: 'TENANTS_DOMAIN_TAKEN', domain });
    expect(await tenantOf(domain)).toBe(b);
    await host.run(() => sut.remove(b, domain));
    await verify(a, domain);
    expect(await tenantOf(domain)).toBe(a);
  });

  it('goes to one of two tenants who prove it at the same time', async () => {
    const domain = newDomain();
    for (const tenant of [a, b]) host.dns.publish((await add(tenant, domain)).record);
    const results = await Promise.allSettled([verify(a, domain), verify(b, domain)]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const rows = await host.run(() => host.hostDatabase.em.find(TenantDomain, { domain }));
    expect(rows).toHaveLength(1);
    const refused = results.find((result) => result.status === 'rejected')?.reason as { code: string };
    // Whoever comes second finds that their claim has ended, or that the domain is taken.
    expect(['TENANTS_DOMAIN_TAKEN', 'TENANTS_DOMAIN_NOT_FOUND']).toContain(refused.code);
  });

  it('is unique once it is verified, whoever writes the row', async () => {
    const domain = newDomain();
    await verified(a, domain);
    const writing = host.run(async () => {
      host.hostDatabase.em.create(TenantDomain, { tenant: b, domain, token: 'x', verifiedAt: new Date() });
      await host.hostDatabase.commit();
    });
    await expect(writing).rejects.toMatchObject({ name: 'UniqueConstraintViolationException' });
  });

  it.each([
    ['no domain', () => add(a, 'localhost'), 'COMMON_INVALID_INPUT'],
    ['no tenant', () => add(genId(), newDomain()), 'TENANTS_NOT_FOUND'],
    ['a domain that was not claimed', () => verify(a, newDomain()), 'TENANTS_DOMAIN_NOT_FOUND'],
    ['the removal of one that was not claimed', () => host.run(() => sut.remove(a, newDomain())), 'TENANTS_DOMAIN_NOT_FOUND'],
    [
      'a verification in a transaction',
      () => host.run(() => host.hostDatabase.transactional(() => sut.verify(a, newDomain()))),
      'TENANTS_DOMAIN_VERIFICATION_IN_TRANSACTION',
    ],
  ])('refuses %s', async (_, work, code) => {
    await expect(work()).rejects.toMatchObject({ code });
  });

  it('records claims, without what proves them', async () => {
    const domain = newDomain();
    const { record } = await add(a, domain);
    const rows: { event_type: string; details: unknown }[] = await host.run(() =>
      host.hostDatabase.em.execute(`select event_type, details from sys_audit_logs where event_type like 'tenant-domains.%'`),
    );
    const said = JSON.stringify(rows.filter(({ details }) => JSON.stringify(details).includes(domain)));
    expect(said).toContain('tenant-domains.created');
    expect(said).not.toContain(record.value.slice('tenant-domain='.length));
  });
});

describe('the options of domains', () => {
  it('give the record another name', async () => {
    const host = await createTestHost({ options: { tenantDomains: { recordPrefix: '_acme' } } });
    const { id } = await host.newTenant({ provisioned: false });
    const { record } = await host.run(() => host.get(TenantDomains).add(id, 'example.com'));
    expect(record.name).toBe('_acme.example.com');
    await host.close();
    const starting = createTestHost({ options: { tenantDomains: { recordPrefix: 'no dots.' } } });
    await expect(starting).rejects.toMatchObject({ option: 'tenantDomains.recordPrefix' });
  });
});
