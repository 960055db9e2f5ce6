import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, type EventSubscriber, p } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { TenantDatabases } from '../tenant-databases/index.js';
import { createTestHost, type TestHost } from '../testing/index.js';
import { FOLLOWS_CHANGES, hasPendingChanges } from './pending-changes.js';

const AuthorSchema = defineEntity({
  name: 'Author',
  properties: {
    id: p.integer().primary(),
    name: p.string(),
    settings: p.json().$type<{ theme: { dark: boolean }; tags: string[] }>(),
    address: () => p.embedded(Address).nullable(),
    bornAt: p.datetime().nullable(),
    mentor: () => p.manyToOne(Author).ref().nullable(),
    friends: () => p.manyToMany(Author),
    students: () => p.oneToMany(Author).mappedBy('mentor'),
  },
});
class Author extends AuthorSchema.class {}
AuthorSchema.setClass(Author);

const AddressSchema = defineEntity({ name: 'Address', embeddable: true, properties: { city: p.string() } });
class Address extends AddressSchema.class {}
AddressSchema.setClass(Address);

/** Every kind of change that a unit of work can hold when its work ends. */
const changes: Record<string, (em: SqlEntityManager, author: Author) => unknown> = {
  'a field that was set': (_, author) => (author.name = 'Grace'),
  'a value inside JSON that was edited in place': (_, author) => (author.settings.theme.dark = true),
  'an item that was pushed into JSON': (_, author) => author.settings.tags.push('new'),
  'a field of an embedded object': (_, author) => {
    if (author.address) author.address.city = 'Paris';
  },
  'a date that was replaced': (_, author) => (author.bornAt = new Date(0)),
  'a reference that was cleared': (_, author) => (author.mentor = null),
  'a reference that was replaced': (em, author) => em.assign(author, { mentor: em.getReference(Author, 3) }),
  'a reference to a new entity': (em, author) =>
    em.assign(author, { mentor: em.create(Author, { id: 9, name: 'New', settings: settings() }, { persist: false }) }),
  'an item that was added to a collection': (em, author) => author.friends.add(em.getReference(Author, 1)),
  'a collection that was emptied': (_, author) => author.friends.removeAll(),
  'a field of an entity that was detached, but is still referred to': async (em, author) => {
    const mentor = author.mentor?.unwrap();
    em.clear();
    const loaded = await load(em);
    if (mentor) loaded.mentor = Object.assign(mentor, { name: 'Detached' }) as never;
  },
  'a field of a reference that was not loaded': (em) => em.assign(em.getReference(Author, 1), { name: 'Unseen' }),
  'an entity that was created': (em) => em.create(Author, { id: 9, name: 'New', settings: settings() }),
  'an entity that was removed': (em, author) => em.remove(author),
};

const load = (em: SqlEntityManager) => em.findOneOrFail(Author, { id: 2 }, { populate: ['mentor', 'friends'] });
const settings = () => ({ theme: { dark: false }, tags: ['first'] });

describe(hasPendingChanges, () => {
  let host: TestHost;
  let tenantId: string;

  beforeAll(async () => {
    host = await createTestHost({ options: { tenantDatabases: { entities: [Author, Address] } } });
    tenantId = (await host.newTenant()).id;
    await run(async (em) => {
      const mentor = em.create(Author, { id: 1, name: 'Mary', settings: settings() });
      const friend = em.create(Author, { id: 3, name: 'Charles', settings: settings() });
      const facts = { settings: settings(), address: { city: 'London' }, bornAt: new Date('1815-12-10') };
      em.create(Author, { id: 2, name: 'Ada', mentor, friends: [friend], ...facts });
    });
  });
  afterAll(async () => {
    await host.close();
  });

  const run = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => host.get(TenantDatabases).run(tenantId, work);

  it('says no after a look-up, whatever was loaded with it', async () => {
    await run(async (em) => {
      await em.find(Author, {}, { populate: ['mentor', 'friends'] });
      await em.count(Author);
      expect(hasPendingChanges(em)).toBe(false);
    });
  });

  it.each(Object.keys(changes))('says yes for %s, as the flush does', async (change) => {
    const undo = new Error('undo');
    const work = run((em) =>
      em.transactional(async (transaction) => {
        const author = await load(transaction);
        await changes[change]?.(transaction, author);
        expect(hasPendingChanges(transaction)).toBe(true);
        // The control: it really is something that a flush would write.
        const unitOfWork = transaction.getUnitOfWork();
        unitOfWork.computeChangeSets();
        expect(unitOfWork.getChangeSets().length + unitOfWork.getCollectionUpdates().length).toBeGreaterThan(0);
        throw undo;
      }),
    );
    await expect(work).rejects.toBe(undo);
  });

  it('says yes where a subscriber listens to flushes', async () => {
    await run((em) => {
      const fork = em.fork({ cloneEventManager: true });
      expect(hasPendingChanges(fork)).toBe(false);
      const subscriber: EventSubscriber = { onFlush: () => undefined };
      fork.getEventManager().registerSubscriber(subscriber);
      expect(hasPendingChanges(fork)).toBe(true);
    });
  });

  it('says no where a subscriber only follows changes', async () => {
    await run((em) => {
      const fork = em.fork({ cloneEventManager: true });
      const subscriber = { [FOLLOWS_CHANGES]: true, onFlush: () => undefined };
      fork.getEventManager().registerSubscriber(subscriber);
      expect(hasPendingChanges(fork)).toBe(false);
    });
  });
});
