import { describe, expect, it } from '@jest/globals';
import { TenantCache } from './tenant-cache.js';
import type { TenantKey } from './tenant-key.js';
import { TenantRecord, type TenantRow } from './tenant-record.js';

const NOW = 1_000;
const row = (id: string, facts: Partial<TenantRow> = {}): TenantRow => ({
  id,
  name: id,
  slug: `slug-${id}`,
  planTier: 'free',
  status: 'active',
  isActive: true,
  dbUrl: `postgresql://localhost/${id}`,
  mode: 'database',
  server: null,
  generation: 1,
  schemaVersion: null,
  schemaDigest: null,
  cutsWork: false,
  ...facts,
});

describe(TenantCache.name, () => {
  const create = (limits = {}) => new TenantCache({ maxEntries: 3, maxNegative: 2, staleWhileDownMs: 500, ...limits });
  /** Has the catalogue say this. */
  const learn = (
    sut: TenantCache,
    rows: readonly TenantRow[],
    {
      keys = rows.map(({ id }): TenantKey => `id:${id}`),
      domain = null as string | null,
      askedAt = NOW,
      ttlMs = 100,
      wasChanged = false,
    } = {},
  ) =>
    sut.store({
      keys: new Set(keys),
      changedTenants: new Set(),
      found: rows.map((each) => ({ record: new TenantRecord(each, { askedAt, isCommitted: true }), domain })),
      freshUntil: () => askedAt + ttlMs,
      missingUntil: () => askedAt + ttlMs,
      wasChanged: () => wasChanged,
    });

  it('knows a tenant by its id and its slug until its time is over', () => {
    const sut = create();
    learn(sut, [row('a')]);
    expect(sut.get('id:a', NOW)).toBe(sut.get('slug:slug-a', NOW));
    expect(sut.get('id:a', NOW + 99)).toMatchObject({ id: 'a' });
    expect([sut.get('id:a', NOW + 100), sut.get('slug:slug-a', NOW + 100)]).toEqual([undefined, undefined]);
    expect([sut.hasFresh(NOW + 99), sut.hasFresh(NOW + 100)]).toEqual([true, false]);
  });

  it('does not take a tenant that was asked for by its id for a word on its domain', () => {
    const sut = create();
    learn(sut, [row('a')], { keys: ['domain:a.com'], domain: 'a.com' });
    learn(sut, [row('a')], { askedAt: NOW + 50 });
    expect(sut.get('domain:a.com', NOW + 99)).toMatchObject({ id: 'a' });
    expect(sut.get('domain:a.com', NOW + 120)).toBeUndefined();
    expect(sut.get('id:a', NOW + 120)).toMatchObject({ id: 'a' });
  });

  it('keeps the record of a tenant that is as it was, and ends one that is not', () => {
    const sut = create();
    learn(sut, [row('a')]);
    const before = sut.get('id:a', NOW) as TenantRecord;
    expect(learn(sut, [row('a')], { askedAt: NOW + 50 }).replaced).toEqual([]);
    expect(sut.get('id:a', NOW + 60)).toBe(before);
    const { replaced } = learn(sut, [row('a', { slug: 'new', status: 'suspended', isActive: false })], { askedAt: NOW + 70 });
    expect(replaced).toEqual([{ tenantId: 'a', record: expect.objectContaining({ status: 'suspended' }) }]);
    expect([before.freshUntil, sut.get('slug:slug-a', NOW + 70)]).toEqual([0, undefined]);
    expect(sut.get('slug:new', NOW + 70)).toMatchObject({ status: 'suspended' });
  });

  it('forgets a tenant that is gone', () => {
    const sut = create();
    learn(sut, [row('a')]);
    expect(learn(sut, [], { keys: ['id:a'] }).replaced).toEqual([{ tenantId: 'a', record: undefined }]);
    expect([sut.get('id:a', NOW), sut.get('slug:slug-a', NOW), sut.sizes.entries]).toEqual(['missing', undefined, 0]);
  });

  it('forgets the least recently used, whose record counts no more', () => {
    const sut = create();
    learn(sut, [row('a')]);
    const b = learn(sut, [row('b')]).records.get('id:b');
    learn(sut, [row('c')]);
    sut.get('id:a', NOW);
    learn(sut, [row('d')]);
    expect([sut.sizes.entries, b?.freshUntil, sut.get('id:b', NOW)]).toEqual([3, 0, undefined]);
    expect(sut.get('id:a', NOW)).toMatchObject({ id: 'a' });
  });

  it('remembers a bounded number of names that nobody has, apart from the tenants', () => {
    const sut = create();
    learn(sut, [row('a')]);
    for (let probe = 0; probe < 1_000; probe++) learn(sut, [], { keys: [`slug:${probe}`] });
    expect(sut.sizes).toEqual({ entries: 1, names: 1, missing: 2 });
    expect([sut.get('slug:999', NOW), sut.get('slug:1', NOW)]).toEqual(['missing', undefined]);
  });

  it('does not remember a tenant that has changed and that nobody has asked for, but that its name is no longer free', () => {
    const sut = create();
    learn(sut, [], { keys: ['slug:slug-a'] });
    expect(sut.get('slug:slug-a', NOW)).toBe('missing');
    learn(sut, [row('a')], { keys: [] });
    expect([sut.get('slug:slug-a', NOW), sut.sizes.entries]).toEqual([undefined, 0]);
  });

  it('says nothing of a tenant, by whatever name, that was changed', () => {
    const sut = create();
    learn(sut, [row('a')], { keys: ['domain:a.com'], domain: 'a.com' });
    expect(sut.invalidate(['a', 'b'])).toEqual(['a']);
    expect(['id:a', 'slug:slug-a', 'domain:a.com'].map((key) => sut.get(key as TenantKey, NOW))).toEqual(
      Array(3).fill(undefined),
    );
    // Read again by its id, it says nothing of its domain: that may have been what was changed.
    learn(sut, [row('a')]);
    expect([sut.get('id:a', NOW), sut.get('domain:a.com', NOW)]).toEqual([expect.objectContaining({ id: 'a' }), undefined]);
  });

  describe('while the catalogue cannot be asked', () => {
    it('says what it has seen within the time, also after a gap, and nothing once a change was heard', () => {
      const sut = create();
      learn(sut, [row('a')]);
      sut.distrustAll();
      expect(sut.get('id:a', NOW)).toBeUndefined();
      expect(sut.getWhileDown('id:a', NOW + 499)).toMatchObject({ id: 'a' });
      expect(sut.getWhileDown('slug:slug-a', NOW + 499)).toMatchObject({ id: 'a' });
      expect(sut.getWhileDown('id:a', NOW + 500)).toBeUndefined();
      sut.invalidate(['a']);
      expect(sut.getWhileDown('id:a', NOW)).toBeUndefined();
      expect(sut.getWhileDown('id:unknown', NOW)).toBeUndefined();
    });

    it('does not follow a domain or a slug, seen before a change, to the tenant that was read again by its id since', () => {
      const sut = create();
      const ofDomain = { keys: ['domain:a.com' as TenantKey], domain: 'a.com' };
      learn(sut, [row('a')], ofDomain);
      sut.distrustAll();
      // The control: a gap takes no name away.
      learn(sut, [row('a')]);
      expect(sut.getWhileDown('domain:a.com', NOW)).toMatchObject({ id: 'a' });

      sut.invalidate(['a']);
      learn(sut, [row('a')]);
      expect(sut.getWhileDown('id:a', NOW)).toMatchObject({ id: 'a' });
      expect(sut.getWhileDown('slug:slug-a', NOW)).toMatchObject({ id: 'a' });
      expect(sut.getWhileDown('domain:a.com', NOW)).toBeUndefined();
      learn(sut, [row('a')], ofDomain);
      expect(sut.getWhileDown('domain:a.com', NOW)).toMatchObject({ id: 'a' });

      sut.invalidate(['a']);
      learn(sut, [row('a', { slug: 'new' })]);
      expect(sut.getWhileDown('slug:slug-a', NOW)).toBeUndefined();
    });

    it('does not follow a domain that was said while the tenant was changed', () => {
      const sut = create();
      learn(sut, [row('a')], { keys: ['domain:a.com'], domain: 'a.com', wasChanged: true });
      learn(sut, [row('a')]);
      expect(sut.getWhileDown('id:a', NOW)).toMatchObject({ id: 'a' });
      expect(sut.getWhileDown('domain:a.com', NOW)).toBeUndefined();
    });

    it('does not follow a domain, seen before the tenant was forgotten: a change of it was not noted meanwhile', () => {
      const sut = create({ maxEntries: 1 });
      learn(sut, [row('a')], { keys: ['domain:a.com'], domain: 'a.com' });
      learn(sut, [row('b', { slug: null })]);
      expect(sut.invalidate(['a'])).toEqual([]);
      learn(sut, [row('a')]);
      expect(sut.getWhileDown('id:a', NOW)).toMatchObject({ id: 'a' });
      expect([sut.get('domain:a.com', NOW), sut.getWhileDown('domain:a.com', NOW)]).toEqual([undefined, undefined]);
    });

    it('never says that a suspended tenant is anything else, however long ago that was', () => {
      const sut = create();
      learn(sut, [row('a', { isActive: false })]);
      sut.invalidate(['a']);
      expect(sut.getWhileDown('id:a', NOW + 1e9)).toMatchObject({ status: 'suspended' });
    });
  });
});
