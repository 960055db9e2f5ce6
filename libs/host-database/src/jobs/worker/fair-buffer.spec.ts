import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { claimedJob } from '../../../test/jobs/claimed-job.js';
import type { ClaimedJob } from '../store/index.js';
import { FairBuffer } from './fair-buffer.js';

const jobOf = (fairnessKey: string, id: string, claimToken = 1): ClaimedJob => claimedJob({ fairnessKey, id, claimToken });

describe(FairBuffer.name, () => {
  let sut: FairBuffer;

  beforeEach(() => {
    sut = new FairBuffer();
  });

  const takeAll = () => sut.drain().map(({ id }) => id);

  it('gives out one job of each tenant in turn, those of one tenant in their order', () => {
    sut.add(['a1', 'a2', 'a3', 'b1', 'c1', 'c2'].map((id) => jobOf(id.charAt(0), id)));
    expect(takeAll()).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  it('lets a tenant that comes later have its turn', () => {
    sut.add(['a1', 'a2', 'a3'].map((id) => jobOf('a', id)));
    expect(sut.take()?.id).toBe('a1');
    sut.add([jobOf('b', 'b1')]);
    expect(takeAll()).toEqual(['a2', 'b1', 'a3']);
  });

  it('knows which tenants wait', () => {
    sut.add([jobOf('a', 'a1')]);
    expect([sut.has('a'), sut.has('b'), sut.size]).toEqual([true, false, 1]);
    sut.take();
    expect([sut.has('a'), sut.size, sut.take()]).toEqual([false, 0, undefined]);
  });

  it('counts the guests that wait, until they have had their turn or are gone', () => {
    sut.add([jobOf('a', 'a1'), jobOf('a', 'a2')]);
    sut.add([jobOf('b', 'b1'), jobOf('c', 'c1')], { areGuests: true });
    expect(sut.guestCount).toBe(2);
    sut.take();
    expect(sut.guestCount).toBe(2);
    sut.take();
    expect(sut.guestCount).toBe(1);
    sut.drain();
    expect(sut.guestCount).toBe(0);
  });

  it('drops the claims that were lost and keeps the others', () => {
    sut.add([jobOf('a', 'a1'), jobOf('a', 'a2'), jobOf('a', 'a3'), jobOf('b', 'b1', 7)]);
    sut.remove([jobOf('a', 'a1'), { id: 'b1', claimToken: 6 }]);
    expect(takeAll()).toEqual(['b1', 'a2', 'a3']);
  });

  it('does not keep what a tenant that always has work was given', () => {
    sut.add([jobOf('a', 'first')]);
    for (let index = 0; index < 5_000; index++) {
      sut.add([jobOf('a', `a${index}`)]);
      expect(sut.take()?.id).toBe(index === 0 ? 'first' : `a${index - 1}`);
    }
    expect(sut.peek().map(({ id }) => id)).toEqual(['a4999']);
  });

  it('gives out everything once, and nobody waits longer than one turn of each other tenant', () => {
    const added = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 30 })), { maxLength: 12 });
    fc.assert(
      fc.property(added, (batches) => {
        const buffer = new FairBuffer();
        const jobs = batches.flatMap(([tenant, count], batch) =>
          Array.from({ length: count }, (_, index) => jobOf(tenant, `${batch}-${index}`)),
        );
        buffer.add(jobs);
        expect(buffer.peek()).toHaveLength(jobs.length);
        const taken = buffer.drain();
        expect(taken.map(({ id }) => id).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
        // While two tenants have jobs, neither has two turns in a row.
        const last = new Map(taken.map(({ fairnessKey }, index) => [fairnessKey, index]));
        const othersWaitAt = (index: number) =>
          [...last].some(([tenant, end]) => tenant !== taken[index]?.fairnessKey && end > index);
        const twice = taken.filter((job, index) => othersWaitAt(index) && taken[index + 1]?.fairnessKey === job.fairnessKey);
        expect(twice).toEqual([]);
        expect([buffer.size, buffer.peek()]).toEqual([0, []]);
      }),
    );
  });
});
