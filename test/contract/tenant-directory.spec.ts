import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId, type HostDatabaseOptions, TenantCatalog } from 'nestjs-host-database';
import { TenantDirectory, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost } from 'nestjs-host-database/testing';
import { type Program, startProgram } from '../support/child-process.js';
import { type DirectoryArena, openDirectoryArena, outcomeOf } from '../support/directory-arena.js';
import { until } from '../support/until.js';

const NOT_FOUND = 'TENANTS_NOT_FOUND';
const times = <T>(count: number, ask: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => ask(index)));

describe.each(['sqlite', 'postgresql'] as const)(`${TenantDirectory.name} on %s`, (type) => {
  let arena: DirectoryArena;
  let sut: TenantDirectory;

  beforeAll(async () => {
    arena = await openDirectoryArena(type, { tenantDirectory: { maxEntries: 50, maxNegative: 100 } });
    sut = arena.directory;
    await arena.hears();
  });
  afterAll(async () => {
    await arena.close();
  });
  beforeEach(async () => {
    // Looks stop when nothing is remembered.
    await arena.hears();
  });

  /** How many statements the host database is sent for this. */
  const queriesFor = async (work: () => Promise<unknown>) => {
    await arena.hasHeard();
    arena.begin();
    await work();
    return arena.queries();
  };

  /** Does it again where this process was deaf for a moment, after which it asks again for what it remembers. */
  const whileHearing = async (round: () => Promise<void>): Promise<void> => {
    for (;;) {
      let wasDeaf = false;
      const watch = setInterval(() => (wasDeaf ||= !sut.statistics().isHearing), 1);
      try {
        await round();
        return;
      } catch (error) {
        if (!wasDeaf && sut.statistics().isHearing) throw error;
        await arena.hears();
      } finally {
        clearInterval(watch);
      }
    }
  };

  it('asks once for 5,000 simultaneous questions about a tenant, by its id, slug and domains, and then not at all', () =>
    whileHearing(async () => {
      const slug = `acme-${genId()}`;
      const { id } = await arena.newTenant({ slug });
      await arena.addDomain(id, `${slug}.example.com`);
      const asks = [
        () => sut.getById(id),
        () => sut.getBySlug(slug),
        () => sut.getByDomain(`${slug.toUpperCase()}.example.com.`),
      ];
      const askAll = async () => {
        const records = await times(5_000, (index) => asks[index % 3]!());
        expect(new Set(records)).toEqual(new Set([expect.objectContaining({ id, slug, status: 'active' })]));
      };
      expect(await queriesFor(askAll)).toBe(1);
      expect(await queriesFor(askAll)).toBe(0);
      sut.invalidate(id);
      expect(await queriesFor(askAll)).toBe(1);
    }));

  it('asks once for simultaneous questions about many tenants', () =>
    whileHearing(async () => {
      const tenants: TenantCatalog[] = [];
      for (let count = 0; count < 10; count++) tenants.push(await arena.newTenant());
      const asking = () => times(1_000, async (index) => (await sut.getById(tenants[index % 10]!.id)).id);
      expect(await queriesFor(async () => expect(new Set(await asking()).size).toBe(10))).toBe(1);
    }));

  it.each(['id', 'slug', 'domain'] as const)('asks once for 10,000 probes of an unknown %s', (kind) =>
    whileHearing(async () => {
      const name = genId();
      const ask = { id: () => sut.getById(name), slug: () => sut.getBySlug(name), domain: () => sut.getByDomain(`${name}.com`) }[
        kind
      ];
      const probes = async () => {
        const outcomes = new Set<string>();
        for (let probe = 0; probe < 10_000; probe++) outcomes.add(await outcomeOf(ask()));
        expect([...outcomes]).toEqual([NOT_FOUND]);
      };
      expect(await queriesFor(probes)).toBe(1);
    }),
  );

  it('does not ask for what cannot be a slug or a domain', () =>
    whileHearing(async () => {
      const asking = async () => {
        expect(await outcomeOf(sut.getBySlug('No Slug'))).toBe(NOT_FOUND);
        expect(await outcomeOf(sut.getByDomain('127.0.0.1'))).toBe(NOT_FOUND);
        expect(await outcomeOf(sut.getById('no id'))).toBe('COMMON_INVALID_ID');
      };
      expect(await queriesFor(asking)).toBe(0);
    }));

  it('is bounded, whatever is asked', async () => {
    for (let count = 0; count < 60; count++) await sut.getById((await arena.newTenant()).id);
    await times(3_000, () => outcomeOf(sut.getBySlug(genId())));
    const { tenants, missing } = sut.statistics();
    expect([tenants, missing]).toEqual([50, 100]);
  });

  it('finds a tenant that was made after somebody had asked for it', async () => {
    const slug = genId();
    expect(await outcomeOf(sut.getBySlug(slug))).toBe(NOT_FOUND);
    // By this process, at once.
    await arena.host.run(() => arena.get(TenantsService).create({ name: 'Acme', slug }));
    expect(await outcomeOf(sut.getBySlug(slug))).toBe('provisioning');
    // By another, a little later.
    const other = genId();
    expect(await outcomeOf(sut.getByDomain(`${other}.com`))).toBe(NOT_FOUND);
    const { id } = await arena.newTenant();
    await arena.addDomain(id, `${other}.com`);
    await until(async () => (await outcomeOf(sut.getByDomain(`${other}.com`))) === 'active');
  });

  it('leads no unverified domain anywhere', async () => {
    const domain = `${genId()}.com`;
    await arena.addDomain((await arena.newTenant()).id, domain, null);
    expect(await outcomeOf(sut.getByDomain(domain))).toBe(NOT_FOUND);
  });

  it('shows a transaction what it has written, and forgets that', async () => {
    const { id } = await arena.newTenant();
    expect(await outcomeOf(sut.getById(id))).toBe('active');
    const created = genId();
    const rolledBack = arena.host.run(() =>
      arena.host.transactional(async (em) => {
        await arena.get(TenantsService).suspend(id);
        em.create(TenantCatalog, { id: created, name: 'Acme', slug: created });
        await em.flush();
        expect(await outcomeOf(sut.getById(id))).toBe('suspended');
        expect(await outcomeOf(sut.getBySlug(created))).toBe('provisioning');
        expect((await sut.getById(id)).isCommitted).toBe(false);
        throw new Error('roll back');
      }),
    );
    await expect(rolledBack).rejects.toThrow('roll back');
    expect(await outcomeOf(sut.getById(id))).toBe('active');
    expect(await outcomeOf(sut.getById(created))).toBe(NOT_FOUND);
  });

  it('has no address in what a log prints', async () => {
    const record = await sut.getById((await arena.newTenant()).id);
    expect(record.dbUrl).toMatch(/^postgresql:/);
    expect(JSON.stringify(record)).not.toContain('postgresql:');
  });
});

describe.each(['sqlite', 'postgresql'] as const)(`${TenantDirectory.name} in another process on %s`, (type) => {
  let arena: DirectoryArena;
  const programs: Program[] = [];

  beforeAll(async () => {
    arena = await openDirectoryArena(type);
  });
  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.child.stdin.end();
      await program.ended;
    }
  });
  afterAll(async () => {
    await arena.close();
  });

  /** Starts a process; returns what asks its directory. */
  const start = async (options: HostDatabaseOptions = {}) => {
    const program = startProgram('tenant-directory', {
      env: { OPTIONS: JSON.stringify({ ...options, database: arena.options, jobs: { worker: false } }) },
    });
    programs.push(program);
    await program.said(/^ready$/m);
    let asked = 0;
    return async (kind: 'id' | 'slug' | 'domain' | 'hears', value = '') => {
      const number = ++asked;
      program.child.stdin.write(`${number} ${kind} ${value}\n`);
      const said = await program.said(new RegExp(`^${number} .*\n`, 'm'));
      return new RegExp(`^${number} (.*)\n`, 'm').exec(said)?.[1];
    };
  };
  /** How long it takes until it is so. */
  const msUntil = async (isSo: () => Promise<boolean>) => {
    const since = performance.now();
    await until(isSo);
    return performance.now() - since;
  };

  it('knows of a suspension, a new slug and a lost domain in less than a second; where it does not hear, not', async () => {
    const newTenant = async () => {
      const slug = genId();
      const { id } = await arena.newTenant({ slug });
      await arena.addDomain(id, `${slug}.com`);
      return { id, slug };
    };
    const known = await newTenant();
    const { id, slug } = known;
    const hearing = await start();
    const deaf = await start({ tenantDirectory: { notifications: false }, tenantDatabases: { catalogTtlMs: 600_000 } });
    const prompt = await start({ tenantDirectory: { notifications: false }, tenantDatabases: { catalogTtlMs: 200 } });
    for (const ask of [hearing, deaf, prompt]) {
      expect([await ask('id', id), await ask('slug', slug), await ask('domain', `${slug}.com`)]).toEqual([
        'active',
        'active',
        'active',
      ]);
    }
    await until(async () => (await hearing('hears')) === 'true');
    /** How long it takes until each of the changes is known. */
    const change = async (tenant: typeof known) => {
      const domain = `${tenant.slug}.com`;
      // From before it heard, the answers count for a second; these count for a minute.
      expect([await hearing('id', tenant.id), await hearing('slug', tenant.slug), await hearing('domain', domain)]).toEqual([
        'active',
        'active',
        'active',
      ]);
      await arena.removeDomain(domain);
      const domainMs = await msUntil(async () => (await hearing('domain', domain)) === NOT_FOUND);
      const newSlug = `new-${tenant.slug.slice(-20)}`;
      await arena.rename(tenant.id, newSlug);
      const slugMs = await msUntil(async () => (await hearing('slug', tenant.slug)) === NOT_FOUND);
      expect(await hearing('slug', newSlug)).toBe('active');
      await arena.suspend(tenant.id);
      const suspensionMs = await msUntil(async () => (await hearing('id', tenant.id)) === 'suspended');
      return [domainMs, slugMs, suspensionMs];
    };
    const rounds = [await change(known), await change(await newTenant()), await change(await newTenant())];
    await until(async () => (await prompt('id', id)) === 'suspended');

    // The quickest of each: the others may have waited for the machine.
    for (const kind of [0, 1, 2]) expect(Math.min(...rounds.map((round) => round[kind] ?? Number.NaN))).toBeLessThan(1_000);
    // The same changes, in a process that trusts what it was told.
    expect([await deaf('id', id), await deaf('slug', slug), await deaf('domain', `${slug}.com`)]).toEqual([
      'active',
      'active',
      'active',
    ]);
    expect(await deaf('hears')).toBe('false');
  });
});

describe('the options of the directory', () => {
  it.each([
    ['maxEntries', 0],
    ['maxNegative', 0],
    ['ttlMs', 0],
    ['ttlJitter', 2],
    ['negativeTtlMs', -1],
    ['staleWhileDownMs', 0.5],
    ['answerTimeoutMs', 1],
    ['pollIntervalMs', 1],
  ])('%s cannot be %d', async (name, value) => {
    const starting = createTestHost({ options: { tenantDirectory: { [name]: value } } });
    await expect(starting).rejects.toMatchObject({ code: 'COMMON_INVALID_OPTION', option: `tenantDirectory.${name}` });
  });
});
