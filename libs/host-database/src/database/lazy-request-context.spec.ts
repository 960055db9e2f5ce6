import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RequestContext } from '@mikro-orm/core';
import { createTestHost, type TestHost } from '../testing/index.js';
import { GlobalUser } from '../users/index.js';
import { hasFork, inLazyRequestContext } from './lazy-request-context.js';
import { UnitOfWork } from './unit-of-work.service.js';

describe('a lazy request context', () => {
  let host: TestHost;
  let units: UnitOfWork;
  beforeAll(async () => {
    host = await createTestHost();
    units = host.get(UnitOfWork);
  });
  afterAll(() => host.close());

  it('makes no EntityManager for work that does not ask for one', async () => {
    const { em } = units;
    await units.run(() => expect(hasFork(em.name)).toBe(false));
    await units.run(async () => {
      await em.count(GlobalUser, {});
      expect(hasFork(em.name)).toBe(true);
    });
    expect(hasFork(em.name)).toBe(false);
  });

  it('gives everybody in it the same one, and each context one of its own', () => {
    const { em } = units;
    const forkHere = () => inLazyRequestContext(em, () => [em.getContext(), em.getContext(), RequestContext.getEntityManager()]);
    const [first, again, byMikroOrm] = forkHere();
    expect(first).not.toBe(em);
    expect([again === first, byMikroOrm === first]).toEqual([true, true]);
    expect(forkHere()[0]).not.toBe(first);
  });

  it('answers as before where no EntityManager of that name is known', () => {
    expect(inLazyRequestContext(units.em, () => RequestContext.getEntityManager('another'))).toBeUndefined();
  });

  it('keeps what was set for the unit of work around it, and none of its entities', async () => {
    const { em } = units;
    await units.run(async () => {
      em.setFilterParams('tenant', { id: 'a' });
      em.getReference(GlobalUser, 'someone');
      await units.run(() => {
        expect(em.getFilterParams('tenant')).toEqual({ id: 'a' });
        expect([...em.getUnitOfWork().getIdentityMap()]).toEqual([]);
      });
    });
    await units.run(() => expect(em.getFilterParams('tenant')).toBeUndefined());
  });
});
