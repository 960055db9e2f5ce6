import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Lease, TenantLocation } from './lease.js';
import { LeasePool } from './lease-pool.js';
import type { LeasePoolLimits, LeasePoolSource } from './lease-pool.options.js';

interface Resource {
  readonly name: string;
  isOpen: boolean;
}

const LIMITS: LeasePoolLimits = {
  maxOpen: 2,
  maxConnections: 100,
  openingAtOnce: 2,
  idleTimeoutMs: 0,
  atCapacity: 'wait',
  waitTimeoutMs: 60_000,
};

const at = (name: string, server = 'a') => new TenantLocation(name, server);

/** Opens and closes after a turn of the event loop, and remembers it. */
class Source implements LeasePoolSource<Resource> {
  readonly log: string[] = [];
  readonly opened: Resource[] = [];
  /** How many take up room now. */
  held = 0;
  mostHeld = 0;
  opening = 0;
  mostOpening = 0;
  /** Set to let an opening wait, or fail. */
  onOpen: (name: string) => Promise<unknown> = () => turn();
  onClose: (name: string) => Promise<unknown> = () => turn();

  constructor(private readonly connections = 1) {}

  async open({ tenantId: name, dbUrl }: TenantLocation): Promise<Resource> {
    this.mostHeld = Math.max(this.mostHeld, ++this.held);
    this.mostOpening = Math.max(this.mostOpening, ++this.opening);
    try {
      await this.onOpen(name);
    } catch (error) {
      this.held--;
      throw error;
    } finally {
      this.opening--;
    }
    this.log.push(`+${name}${dbUrl === 'a' ? '' : `@${dbUrl}`}`);
    const resource = { name, isOpen: true };
    this.opened.push(resource);
    return resource;
  }

  async close(resource: Resource, { dbUrl }: TenantLocation): Promise<void> {
    resource.isOpen = false;
    await this.onClose(resource.name);
    this.held--;
    this.log.push(`-${resource.name}${dbUrl === 'a' ? '' : `@${dbUrl}`}`);
  }

  connectionsOf(): number {
    return this.connections;
  }
}

/** Does not know what a lease is for. */
class PoolThatIgnoresLeases extends LeasePool<Resource> {
  override async lease(location: TenantLocation): Promise<Lease<Resource>> {
    const lease = await super.lease(location);
    lease.release();
    return lease;
  }
}

/** What a promise is rejected with; watched from the beginning, looked at later. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function settled(): Promise<void> {
  for (let index = 0; index < 10; index++) await turn();
}

describe(LeasePool.name, () => {
  const setup = (limits: Partial<LeasePoolLimits> = {}, source = new Source()) => ({
    source,
    sut: new LeasePool<Resource>({ ...LIMITS, ...limits }, source),
  });
  const use = async (sut: LeasePool<Resource>, location: TenantLocation) => (await sut.lease(location)).release();

  afterEach(() => void jest.useRealTimers());

  describe('lease', () => {
    it('opens once for simultaneous callers', async () => {
      const { sut, source } = setup();
      const leases = await Promise.all(Array.from({ length: 20 }, () => sut.lease(at('x'))));
      expect(new Set(leases.map(({ resource }) => resource)).size).toBe(1);
      expect(source.log).toEqual(['+x']);
      expect(sut.statistics()).toMatchObject({ open: 1, leased: 1, connections: 1, openings: 1 });
    });

    it('hands on the error of an opening, and keeps nothing of it', async () => {
      const { sut, source } = setup({ maxOpen: 1 });
      source.onOpen = () => Promise.reject(new Error('unreachable'));
      const failed = await Promise.allSettled([sut.lease(at('x')), sut.lease(at('x'))]);
      expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(sut.statistics()).toMatchObject({ open: 0, opening: 0, connections: 0, failedOpenings: 1 });
      source.onOpen = () => turn();
      expect((await sut.lease(at('x'))).resource.isOpen).toBe(true);
    });

    it('gives the place of a failed opening to the next', async () => {
      const { sut, source } = setup({ maxOpen: 1 });
      source.onOpen = (name) => (name === 'bad' ? turn().then(() => Promise.reject(new Error('unreachable'))) : turn());
      const bad = sut.lease(at('bad'));
      const good = sut.lease(at('good'));
      await expect(bad).rejects.toThrow('unreachable');
      expect((await good).resource.name).toBe('good');
    });

    it('opens outside the async context of the caller', async () => {
      const { sut, source } = setup();
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      source.onOpen = () => Promise.resolve(seen.push(storage.getStore()));
      source.onClose = () => Promise.resolve(seen.push(storage.getStore()));
      await storage.run('of the caller', async () => {
        await use(sut, at('x'));
        sut.retire(at('x'));
      });
      expect(seen).toEqual([undefined, undefined]);
    });

    it('opens no more than openingAtOnce at the same time', async () => {
      const { sut, source } = setup({ maxOpen: 20, openingAtOnce: 3 });
      await Promise.all(Array.from({ length: 20 }, (_, index) => sut.lease(at(`${index}`))));
      expect(source.mostOpening).toBe(3);
    });
  });

  describe('at the cap', () => {
    it('closes the one that nobody has used for longest, before it opens another', async () => {
      const { sut, source } = setup();
      await use(sut, at('x'));
      await use(sut, at('y'));
      sut.leaseOpen(at('x'))?.release();
      await use(sut, at('z'));
      expect(source.log).toEqual(['+x', '+y', '-y', '+z']);
      expect(source.mostHeld).toBe(2);
      expect(sut.statistics()).toMatchObject({ open: 2, leased: 0, evictions: 1 });
    });

    it('keeps the connections of all within the budget', async () => {
      const { sut, source } = setup({ maxOpen: 100, maxConnections: 10 }, new Source(4));
      for (const name of ['x', 'y', 'z']) {
        await use(sut, at(name));
        expect(sut.statistics().connections).toBeLessThanOrEqual(10);
      }
      expect(source.mostHeld).toBe(2);
    });

    it('serves those who wait in the order in which they came', async () => {
      const { sut } = setup({ maxOpen: 1 });
      const first = await sut.lease(at('first'));
      const served: string[] = [];
      const waiting = ['a', 'b', 'c', 'd'].map(async (name) => {
        const lease = await sut.lease(at(name));
        served.push(name);
        await turn();
        lease.release();
      });
      await settled();
      expect(served).toEqual([]);
      expect(sut.statistics()).toMatchObject({ waiting: 4, open: 1 });
      first.release();
      await Promise.all(waiting);
      expect(served).toEqual(['a', 'b', 'c', 'd']);
    });

    it('turns a caller away who has waited for too long, and serves the one behind', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
      const { sut } = setup({ maxOpen: 1, waitTimeoutMs: 100 });
      const held = await sut.lease(at('held'));
      const early = sut.lease(at('early'));
      const refused = rejection(early);
      jest.advanceTimersByTime(60);
      const late = sut.lease(at('late'));
      jest.advanceTimersByTime(40);
      const facts = { code: 'TENANT_DATABASES_CAPACITY', tenantId: 'early', waitedMs: 100, maxOpen: 1 };
      expect(await refused).toMatchObject(facts);
      expect(sut.statistics()).toMatchObject({ waiting: 1, refusals: 1 });
      held.release();
      expect((await late).resource.name).toBe('late');
    });

    it('lets one caller give up without taking the place of others who wait for the same', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
      const { sut } = setup({ maxOpen: 1, waitTimeoutMs: 100 });
      const held = await sut.lease(at('held'));
      const refused = rejection(sut.lease(at('x')));
      jest.advanceTimersByTime(60);
      const other = sut.lease(at('x'));
      jest.advanceTimersByTime(40);
      expect(await refused).toMatchObject({ code: 'TENANT_DATABASES_CAPACITY' });
      held.release();
      expect((await other).resource.name).toBe('x');
    });

    it('refuses at once where it is told to, and only while all is in use', async () => {
      const { sut, source } = setup({ atCapacity: 'refuse' });
      const [x, y] = await Promise.all([sut.lease(at('x')), sut.lease(at('y'))]);
      await expect(sut.lease(at('z'))).rejects.toMatchObject({ code: 'TENANT_DATABASES_CAPACITY', waitedMs: 0 });
      expect((await sut.lease(at('x'))).resource).toBe(x?.resource);
      y?.release();
      // The first of these has the place; the second would have to wait for somebody.
      const [z, w] = await Promise.allSettled([sut.lease(at('z')), sut.lease(at('w'))]);
      expect([z?.status, w?.status]).toEqual(['fulfilled', 'rejected']);
      expect(source.mostHeld).toBe(2);
    });
  });

  describe('a lease', () => {
    const CAP = 5;
    const WORKERS = 40;
    const TENANTS = 30;

    /** How often a resource was closed under the one who used it. */
    async function cuts(sut: LeasePool<Resource>): Promise<number> {
      let cut = 0;
      const worker = async (seed: number) => {
        for (let round = 0; round < 25; round++) {
          const lease = await sut.lease(at(`${(seed * 7 + round * 11) % TENANTS}`));
          for (let step = 0; step < 3; step++) {
            if (!lease.resource.isOpen) cut++;
            await turn();
          }
          lease.release();
        }
      };
      await Promise.all(Array.from({ length: WORKERS }, (_, seed) => worker(seed)));
      return cut;
    }

    it('keeps what it is on open while others crowd in, and the cap holds', async () => {
      const { sut, source } = setup({ maxOpen: CAP, waitTimeoutMs: 60_000 });
      expect(await cuts(sut)).toBe(0);
      expect(source.mostHeld).toBe(CAP);
      expect(sut.statistics()).toMatchObject({ leased: 0, waiting: 0, refusals: 0 });
    });

    it('is what keeps it open: a pool that ignores leases closes what is in use', async () => {
      const sut = new PoolThatIgnoresLeases({ ...LIMITS, maxOpen: CAP, waitTimeoutMs: 60_000 }, new Source());
      expect(await cuts(sut)).toBeGreaterThan(0);
    });

    it('can be released twice', async () => {
      const { sut } = setup({ maxOpen: 1 });
      const [mine, other] = await Promise.all([sut.lease(at('x')), sut.lease(at('x'))]);
      mine?.release();
      mine?.release();
      sut.retire(at('x'));
      expect(other?.resource.isOpen).toBe(true);
      other?.release();
      expect(other?.resource.isOpen).toBe(false);
    });

    it('is not given to whom a cut has overtaken while it was opened, and the next one gets another', async () => {
      const { sut, source } = setup();
      const opening = Promise.withResolvers<void>();
      source.onOpen = () => opening.promise;
      const first = rejection(sut.lease(at('x')));
      sut.cut('x');
      opening.resolve();
      expect(await first).toMatchObject({ code: 'TENANT_DATABASES_WORK_CUT', tenantId: 'x' });
      const lease = await sut.lease(at('x'));
      expect([lease.resource.isOpen, lease.isCut]).toEqual([true, false]);
      await settled();
      expect(source.log.toSorted()).toEqual(['+x', '+x', '-x']);
      expect(sut.statistics()).toMatchObject({ open: 1, leased: 1, closing: 0, opening: 0 });
    });

    it('can be extended for work that outlasts it', async () => {
      const { sut } = setup({ maxOpen: 1 });
      const first = await sut.lease(at('x'));
      const second = first.again();
      first.release();
      sut.retire(at('x'));
      expect(second.resource.isOpen).toBe(true);
      second.release();
      expect(second.resource.isOpen).toBe(false);
    });
  });

  describe('retire', () => {
    it('closes at once what nobody uses, and what is in use after its last lease', async () => {
      const { sut, source } = setup();
      await use(sut, at('idle'));
      const used = await sut.lease(at('used'));
      for (const name of ['idle', 'used', 'unknown']) sut.retire(at(name));
      await settled();
      expect(source.log).toEqual(['+idle', '+used', '-idle']);
      expect(sut.leaseOpen(at('used'))).toBeUndefined();
      used.release();
      await settled();
      expect(source.log.at(-1)).toBe('-used');
    });

    it('leaves the old place to those who work there, and opens the new one beside it', async () => {
      const { sut, source } = setup();
      const old = await sut.lease(at('x', 'old'));
      sut.retire(at('x', 'old'));
      const moved = await sut.lease(at('x', 'new'));
      expect(old.resource.isOpen).toBe(true);
      expect(moved.resource).not.toBe(old.resource);
      old.release();
      await settled();
      expect(source.log).toEqual(['+x@old', '+x@new', '-x@old']);
    });

    it('is taken back by whoever asks for the same place again', async () => {
      const { sut, source } = setup();
      const lease = await sut.lease(at('x'));
      sut.retire(at('x'));
      const again = await sut.lease(at('x'));
      lease.release();
      again.release();
      await settled();
      expect(source.log).toEqual(['+x']);
    });
  });

  describe('idle closing', () => {
    it('closes what nobody has used for the time, and nothing else', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
      const { sut, source } = setup({ maxOpen: 5, idleTimeoutMs: 1_000 });
      await use(sut, at('early'));
      const used = await sut.lease(at('used'));
      jest.advanceTimersByTime(600);
      await use(sut, at('late'));
      jest.advanceTimersByTime(400);
      await settled();
      expect(source.log).toEqual(['+early', '+used', '+late', '-early']);
      jest.advanceTimersByTime(600);
      await settled();
      expect(source.log.at(-1)).toBe('-late');
      jest.advanceTimersByTime(10_000);
      expect(used.resource.isOpen).toBe(true);
      expect(sut.statistics()).toMatchObject({ open: 1, leased: 1, expirations: 2 });
      used.release();
      jest.advanceTimersByTime(1_000);
      await settled();
      expect(sut.statistics()).toMatchObject({ open: 0, expirations: 3 });
    });

    it('is off at 0', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
      const { sut } = setup({ idleTimeoutMs: 0 });
      await use(sut, at('x'));
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  describe('close', () => {
    it('waits for what is in use, closes the rest at once, and turns away who comes', async () => {
      const { sut, source } = setup();
      await use(sut, at('idle'));
      const used = await sut.lease(at('used'));
      let isClosed = false;
      const closing = sut.close({ timeoutMs: 10_000, forcedTimeoutMs: 0 }).then(() => (isClosed = true));
      await expect(sut.lease(at('used'))).rejects.toMatchObject({ code: 'TENANT_DATABASES_CLOSED' });
      expect(sut.leaseOpen(at('used'))).toBeUndefined();
      await settled();
      expect(source.log).toEqual(['+idle', '+used', '-idle']);
      expect([isClosed, used.resource.isOpen]).toEqual([false, true]);
      used.release();
      await closing;
      expect(sut.statistics()).toMatchObject({ open: 0, closing: 0, connections: 0 });
    });

    it('turns away those who wait', async () => {
      const { sut } = setup({ maxOpen: 1 });
      const used = await sut.lease(at('used'));
      const waiting = rejection(sut.lease(at('waiting')));
      const closing = sut.close({ timeoutMs: 10_000, forcedTimeoutMs: 0 });
      expect(await waiting).toMatchObject({ code: 'TENANT_DATABASES_CLOSED' });
      used.release();
      await closing;
    });

    it('closes what is in use once the time is over', async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
      const { sut } = setup();
      const used = await sut.lease(at('used'));
      const closing = sut.close({ timeoutMs: 500, forcedTimeoutMs: 500 });
      jest.advanceTimersByTime(500);
      await closing;
      expect(used.resource.isOpen).toBe(false);
      used.release();
      expect(sut.statistics()).toMatchObject({ open: 0, closing: 0 });
    });
  });
});
