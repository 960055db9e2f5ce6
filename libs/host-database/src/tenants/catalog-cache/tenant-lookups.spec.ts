import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DatabaseSettings } from '../../database/index.js';
import { TenantCache } from './tenant-cache.js';
import type { TenantKey } from './tenant-key.js';
import { TenantLookups } from './tenant-lookups.js';
import type { CatalogQuestion } from './tenant-reader.js';
import { TenantRecord, type TenantRow } from './tenant-record.js';

const ROW: TenantRow = {
  id: 'a',
  name: 'Acme',
  slug: 'acme',
  planTier: 'free',
  status: 'active',
  isActive: true,
  dbUrl: 'postgresql://localhost/a',
  mode: 'database',
  server: null,
  generation: 1,
  schemaVersion: null,
  schemaDigest: null,
  cutsWork: false,
};
const TTL_MS = 60_000;
const refused = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

describe(TenantLookups.name, () => {
  let catalogue: Record<string, TenantRow>;
  /** What each statement has asked. */
  let questions: CatalogQuestion[];
  /** What happens to a statement, before it is answered. */
  let fate: () => Promise<void>;
  let cache: TenantCache;

  beforeEach(() => {
    catalogue = { a: ROW, b: { ...ROW, id: 'b', slug: 'beta' } };
    questions = [];
    fate = async () => undefined;
    cache = new TenantCache({ maxEntries: 10, maxNegative: 10, staleWhileDownMs: 300_000 });
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  const create = (
    options: { readonly downAfterMs?: number; readonly answerTimeoutMs?: number; readonly ttlMs?: number } = {},
  ) => {
    const { downAfterMs = 20, answerTimeoutMs = 5_000, ttlMs = TTL_MS } = options;
    return new TenantLookups({
      cache,
      reader: {
        read: async (question) => {
          questions.push(question);
          const rows = Object.values(catalogue).filter(
            ({ id, slug }) =>
              question.tenantsWithNames.includes(id) ||
              question.keys.includes(`id:${id}`) ||
              question.keys.includes(`slug:${slug ?? ''}`),
          );
          await fate();
          const reading = { askedAt: performance.now(), isCommitted: true };
          return rows.map((row) => ({ record: new TenantRecord(row, reading), domain: null }));
        },
      },
      host: DatabaseSettings.from({ type: 'sqlite', name: ':memory:' }),
      downAfterMs,
      answerTimeoutMs,
      freshUntil: (askedAt) => askedAt + ttlMs,
      missingUntil: (askedAt) => askedAt + ttlMs,
      onReplaced: () => undefined,
    });
  };
  const known = (key: TenantKey) => cache.get(key, performance.now());

  it('asks once for all who come in one turn, and once for all who come meanwhile', async () => {
    const sut = create();
    const answer = Promise.withResolvers<void>();
    fate = () => answer.promise;
    const first = [sut.ask('id:a'), sut.ask('slug:acme'), sut.ask('id:unknown'), sut.ask('id:a')];
    await new Promise(setImmediate);
    const joined = sut.ask('slug:acme');
    const meanwhile = [sut.ask('id:b'), sut.ask('slug:beta')];
    answer.resolve();
    const [a, acme, unknown, again] = await Promise.all(first);
    expect([acme, again, await joined, unknown]).toEqual([a, a, a, undefined]);
    expect(new Set((await Promise.all(meanwhile)).map((record) => record?.id))).toEqual(new Set(['b']));
    expect(questions.map(({ keys }) => keys)).toEqual([
      ['id:a', 'slug:acme', 'id:unknown'],
      ['id:b', 'slug:beta'],
    ]);
    expect(known('id:unknown')).toBe('missing');
  });

  it('does not ask for what the statement before has found by another name', async () => {
    const sut = create();
    const answer = Promise.withResolvers<void>();
    fate = () => answer.promise;
    const first = sut.ask('id:a');
    await new Promise(setImmediate);
    const second = sut.ask('slug:acme');
    answer.resolve();
    expect(await second).toBe(await first);
    expect(questions).toHaveLength(1);
  });

  it.each([['this tenant', ['a']] as const, ['any tenant', 'unknown'] as const])(
    'asks again for whoever comes after a change of %s, and trusts no answer from before it',
    async (_, changed) => {
      const sut = create();
      const answer = Promise.withResolvers<void>();
      fate = () => answer.promise;
      const before = [sut.ask('id:a'), sut.ask('id:unknown')];
      await new Promise(setImmediate);
      catalogue.a = { ...ROW, status: 'suspended', isActive: false };
      sut.noteChange(changed);
      const after = sut.ask('id:a');
      fate = async () => undefined;
      answer.resolve();
      expect((await before[0])?.status).toBe('active');
      expect(known('id:unknown')).toBeUndefined();
      expect((await after)?.status).toBe('suspended');
      expect(known('id:a')).toMatchObject({ status: 'suspended' });
    },
  );

  it('goes on to trust the answers for tenants that were not changed meanwhile', async () => {
    const sut = create();
    const answer = Promise.withResolvers<void>();
    fate = () => answer.promise;
    const asking = sut.ask('id:b');
    await new Promise(setImmediate);
    sut.noteChange(['a']);
    answer.resolve();
    expect(known('id:b')).toBe(undefined);
    expect(await asking).toBe(known('id:b'));
  });

  it('is not stuck after a statement that failed, and hands its error on as it is', async () => {
    const sut = create();
    fate = () => Promise.reject(new Error('syntax error'));
    await expect(sut.ask('id:a')).rejects.toThrow('syntax error');
    fate = async () => undefined;
    expect((await sut.ask('id:a'))?.id).toBe('a');
    expect(sut.isDown).toBe(false);
  });

  describe('while the host database is down', () => {
    /** As after the TTL, or a gap in what is heard. */
    const askAgain = () => cache.distrustAll();

    it('serves whom it has seen active, refuses whom it has seen suspended, and says so to all others', async () => {
      const sut = create();
      catalogue.b = { ...ROW, id: 'b', slug: 'beta', status: 'suspended', isActive: false };
      await Promise.all([sut.ask('id:a'), sut.ask('slug:acme'), sut.ask('id:b')]);
      askAgain();
      fate = () => Promise.reject(refused());
      // However long it takes: after a while somebody looks whether it is back.
      jest.spyOn(performance, 'now').mockReturnValue(performance.now());
      for (let time = 0; time < 100; time++) {
        expect((await sut.ask('id:a'))?.status).toBe('active');
        expect((await sut.ask('slug:acme'))?.status).toBe('active');
        expect((await sut.ask('id:b'))?.status).toBe('suspended');
      }
      await expect(sut.ask('id:unknown')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
      expect(sut.isDown).toBe(true);
      // One for the first question, and one for the unknown tenant: the others do not wait for a database that is gone.
      expect(questions.length).toBeLessThanOrEqual(3 + 1);
    });

    it('serves nobody of whom a change was heard', async () => {
      const sut = create();
      await sut.ask('id:a');
      cache.invalidate(['a']);
      fate = () => Promise.reject(refused());
      await expect(sut.ask('id:a')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    });

    it('serves nobody who was seen too long ago', async () => {
      cache = new TenantCache({ maxEntries: 10, maxNegative: 10, staleWhileDownMs: 0 });
      const sut = create();
      await sut.ask('id:a');
      askAgain();
      fate = () => Promise.reject(refused());
      await expect(sut.ask('id:a')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    });

    it('serves nobody because of another error', async () => {
      const sut = create();
      await sut.ask('id:a');
      askAgain();
      fate = () => Promise.reject(Object.assign(new Error('permission denied'), { code: '42501' }));
      await expect(sut.ask('id:a')).rejects.toThrow('permission denied');
    });

    it('does not wait for a server that says nothing, and tells those who must', async () => {
      const sut = create({ downAfterMs: 10, answerTimeoutMs: 100 });
      await sut.ask('id:a');
      askAgain();
      fate = () => new Promise(() => undefined);
      const mustWait = sut.ask('id:b').catch(({ code }: { code?: string }) => code);
      const served = sut.ask('id:a');
      expect(await Promise.race([served, mustWait])).toMatchObject({ id: 'a' });
      expect(await mustWait).toBe('DATABASE_UNREACHABLE');
    });

    it('finds out that it is back, and what has happened meanwhile', async () => {
      const sut = create();
      await sut.ask('id:a');
      askAgain();
      fate = () => Promise.reject(refused());
      expect((await sut.ask('id:a'))?.status).toBe('active');
      fate = async () => undefined;
      catalogue.a = { ...ROW, status: 'suspended', isActive: false };
      while (known('id:a') !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      // Whoever finds it is served once more at most.
      await sut.ask('id:a');
      await sut.settled();
      expect([(await sut.ask('id:a'))?.status, sut.isDown]).toEqual(['suspended', false]);
    });
  });
});
