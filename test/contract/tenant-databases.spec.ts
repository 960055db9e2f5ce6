import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Collection, defineEntity, type EntityRepository, LockWaitTimeoutException, p, ref, type Ref } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { ContextService, genId, GlobalUser, HostDatabase, InvalidIdError, UnitOfWork } from 'nestjs-host-database';
import {
  InjectTenantEntityManager,
  InjectTenantRepository,
  NoTenantError,
  TenantDatabases,
  TenantRunEndedError,
  TenantSwitchError,
  WrongTenantError,
} from 'nestjs-host-database/tenant-databases';
import { TenantNotActiveError, TenantNotFoundError, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { endLife } from '../support/tenant-lives.js';

const AuthorSchema = defineEntity({
  name: 'Author',
  properties: {
    id: p.integer().primary(),
    name: p.string(),
    mentor: () => p.manyToOne(Author).ref().nullable(),
    books: () => p.oneToMany(Book).mappedBy('author'),
  },
});
class Author extends AuthorSchema.class {}
AuthorSchema.setClass(Author);

const BookSchema = defineEntity({
  name: 'Book',
  properties: {
    id: p.integer().primary(),
    title: p.string(),
    author: () => p.manyToOne(Author).ref().nullable(),
    tags: () => p.manyToMany(Tag),
  },
});
class Book extends BookSchema.class {}
BookSchema.setClass(Book);

const TagSchema = defineEntity({ name: 'Tag', properties: { id: p.integer().primary(), name: p.string() } });
class Tag extends TagSchema.class {}
TagSchema.setClass(Tag);

@Injectable()
class Library {
  constructor(
    @InjectTenantRepository(Author) readonly authors: EntityRepository<Author>,
    @InjectTenantEntityManager() readonly em: SqlEntityManager,
  ) {}
}

const ISOLATIONS = [
  { database: 'sqlite', mode: 'database', users: 'shared' },
  { database: 'postgresql', mode: 'database', users: 'shared' },
  { database: 'postgresql', mode: 'schema', users: 'shared' },
  { database: 'postgresql', mode: 'schema', users: 'own' },
] as const;
const secrets = { keyId: 'k', keys: { k: randomBytes(32) } };

describe.each(ISOLATIONS)(`${TenantDatabases.name} on $database, a $mode each, $users users`, ({ database, mode, users }) => {
  const options = { secrets, tenantDatabases: { entities: [Author, Book, Tag], placement: { mode }, users } };
  let host: TestHost;
  let sut: TenantDatabases;
  let library: Library;
  let tenantA: string;
  let tenantB: string;

  beforeAll(async () => {
    host = await createTestHost({ database, providers: [Library], options });
    sut = host.get(TenantDatabases);
    library = host.get(Library);
    tenantA = (await host.newTenant()).id;
    tenantB = (await host.newTenant()).id;
    for (const tenantId of [tenantA, tenantB]) {
      await sut.run(tenantId, (em) => {
        const author = em.create(Author, { id: 1, name: `author of ${tenantId}` });
        em.create(Book, { id: 1, title: `book of ${tenantId}`, author });
        em.create(Tag, { id: 1, name: `tag of ${tenantId}` });
      });
    }
  });
  afterAll(async () => {
    await host.close();
  });

  const rowsOf = (tenantId: string) =>
    sut.run(tenantId, async (em) => ({
      authors: await em.execute('select id, name from author order by id'),
      books: await em.execute('select id, title, author_id from book order by id'),
      tags: await em.execute('select id, name from tag order by id'),
      bookTags: await em.execute('select * from book_tags'),
    }));

  describe('run', () => {
    it('reaches the own database of each tenant', async () => {
      const name = (tenantId: string) => sut.run(tenantId, async () => (await library.authors.findOneOrFail({ id: 1 })).name);
      expect(await Promise.all([name(tenantA), name(tenantB)])).toEqual([`author of ${tenantA}`, `author of ${tenantB}`]);
    });

    it('is flushed when it resolves and discarded when it throws', async () => {
      await sut.run(tenantA, (em) => void em.create(Tag, { id: 2, name: 'flushed' }));
      const failing = sut.run(tenantA, (em) => {
        em.create(Tag, { id: 3, name: 'discarded' });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await sut.run(tenantA, (em) => em.find(Tag, { id: { $in: [2, 3] } }))).toMatchObject([{ name: 'flushed' }]);
      await sut.run(tenantA, (em) => em.nativeDelete(Tag, { id: 2 }));
    });

    it('writes nothing of a run in which a joined one has failed, also where the error is swallowed', async () => {
      const swallowing = (em: SqlEntityManager) =>
        sut.run(tenantA, () => Promise.reject(new Error('inner'))).catch(() => void em.create(Tag, { id: 5, name: 'after' }));
      const outside = sut.run(tenantA, async (em) => {
        em.create(Tag, { id: 4, name: 'before' });
        await swallowing(em);
      });
      await expect(outside).rejects.toMatchObject({ code: 'DATABASE_TRANSACTION_ROLLBACK_ONLY' });
      const inTransaction = sut.run(tenantA, (em) =>
        em.transactional(async (transaction) => {
          transaction.create(Tag, { id: 4, name: 'before' });
          await transaction.flush();
          await swallowing(transaction);
        }),
      );
      await expect(inTransaction).rejects.toMatchObject({ code: 'DATABASE_TRANSACTION_ROLLBACK_ONLY' });
      expect(await sut.run(tenantA, (em) => em.count(Tag, { id: { $in: [4, 5] } }))).toBe(0);
    });

    it('joins the unit of work of a run for the same tenant', async () => {
      await sut.run(tenantA, async (outer) => {
        const author = await outer.findOneOrFail(Author, { id: 1 });
        await sut.run(tenantA, async (inner) => {
          expect(await inner.findOneOrFail(Author, { id: 1 })).toBe(author);
        });
      });
    });

    it('names the tenant in the context, and ends with it', async () => {
      expect(sut.currentTenantId).toBeUndefined();
      await sut.run(tenantA, () => {
        expect(sut.currentTenantId).toBe(tenantA);
        expect(host.get(ContextService).current.tenantId).toBe(tenantA);
      });
      expect(sut.currentTenantId).toBeUndefined();
    });

    it('rolls back a transaction that was begun by hand and left open', async () => {
      await sut.run(tenantA, async (em) => {
        await em.begin();
        await em.execute(`update author set name = 'left open' where id = 1`);
      });
      expect((await rowsOf(tenantA)).authors).toMatchObject([{ name: `author of ${tenantA}` }]);
    });

    it('opens one ORM for simultaneous first callers', async () => {
      const { id } = await host.newTenant();
      const drivers = await Promise.all(Array.from({ length: 20 }, () => sut.run(id, (em) => em.getDriver())));
      expect(new Set(drivers).size).toBe(1);
    });

    it.each([
      ['a malformed id', () => `${'a'.repeat(31)}'`, InvalidIdError],
      ['a path', () => '../../../etc/passwd', InvalidIdError],
      ['an unknown tenant', () => genId(), TenantNotFoundError],
    ])('refuses %s', async (_, tenantId, error) => {
      await expect(sut.run(tenantId(), () => 'entered')).rejects.toBeInstanceOf(error);
    });

    it('refuses a tenant that is being provisioned, and one that is suspended, at once in this process', async () => {
      const waiting = await host.newTenant({ provisioned: false });
      await expect(sut.run(waiting.id, () => 'entered')).rejects.toMatchObject({ status: 'provisioning' });

      const tenant = await host.newTenant();
      expect(await sut.run(tenant.id, () => 'entered')).toBe('entered');
      await host.run(() => host.get(TenantsService).suspend(tenant.id));
      await expect(sut.run(tenant.id, () => 'entered')).rejects.toBeInstanceOf(TenantNotActiveError);
      await host.run(() => host.get(TenantsService).reactivate(tenant.id));
      expect(await sut.run(tenant.id, () => 'entered')).toBe('entered');
    });

    it('refuses a tenant whose database is gone, and never makes it anew', async () => {
      const missingFile = join(tmpdir(), 'there-is-no-such-file.db');
      const url = database === 'sqlite' ? `sqlite://${missingFile}` : 'postgresql://127.0.0.1:1/tenant';
      const other = await createTestHost({ database, options: { tenantDatabases: { connect: { attempts: 2, backoffMs: 1 } } } });
      const tenant = await other.newTenant({ provisioned: false });
      await other.run(() => other.get(TenantsService).activate(tenant.id, url));
      const entering = other.get(TenantDatabases).run(tenant.id, () => 'entered');
      await expect(entering).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', attempts: 2 });
      expect(existsSync(missingFile)).toBe(false);
      await other.run(() => endLife(other.hostDatabase.em, tenant.id));
      await other.close();
    });
  });

  describe('what is injected', () => {
    it('throws where no tenant is bound', async () => {
      expect(() => library.authors.findAll()).toThrow(NoTenantError);
      expect(() => library.em.persist(new Author())).toThrow(NoTenantError);
      await host.run(() => expect(() => library.em.flush()).toThrow(NoTenantError));
    });

    it('sees the transaction that is open', async () => {
      await sut.run(tenantA, async () => {
        const work = library.em.transactional(async (em) => {
          em.create(Author, { id: 7, name: 'in the transaction' });
          await em.flush();
          expect(await library.authors.count({ id: 7 })).toBe(1);
          expect(await library.em.execute('select 1 from author where id = 7')).toHaveLength(1);
          throw new Error('roll back');
        });
        await expect(work).rejects.toThrow('roll back');
        expect(await library.authors.count({ id: 7 })).toBe(0);
      });
    });

    it.each(['upsert', 'createQueryBuilder', 'getKysely', 'execute'])('reaches the tenant by %s too', async (path) => {
      const read: Record<string, () => Promise<string | undefined>> = {
        upsert: async () => (await library.em.upsert(Author, { id: 1, name: `author of ${tenantB}` })).name,
        createQueryBuilder: async () => (await library.em.createQueryBuilder(Author).where({ id: 1 }).getSingleResult())?.name,
        getKysely: async () => {
          const query = library.em
            .getKysely()
            .selectFrom('author' as never)
            .select('name' as never);
          return (await query.execute())[0]?.['name'];
        },
        execute: async () => (await library.em.execute('select name from author where id = 1'))[0]?.name,
      };
      expect(await sut.run(tenantB, () => read[path]?.())).toBe(`author of ${tenantB}`);
    });
  });

  describe('an EntityManager that escaped its run', () => {
    it('refuses to read and write', async () => {
      let escaped: SqlEntityManager | undefined;
      await sut.run(tenantA, (em) => void (escaped = em));
      await expect(escaped?.find(Author, {})).rejects.toBeInstanceOf(TenantRunEndedError);
      await expect(escaped?.execute('select 1')).rejects.toBeInstanceOf(TenantRunEndedError);
      await sut.run(tenantB, async () => {
        await expect(escaped?.find(Author, {})).rejects.toBeInstanceOf(TenantRunEndedError);
      });
    });

    it('refuses to work in a later run of the same tenant', async () => {
      let escaped: SqlEntityManager | undefined;
      await sut.run(tenantA, (em) => void (escaped = em));
      await sut.run(tenantA, async () => {
        await expect(escaped?.find(Author, {})).rejects.toBeInstanceOf(TenantRunEndedError);
      });
    });

    it('refuses what was not awaited', async () => {
      const released = Promise.withResolvers<void>();
      let late: Promise<unknown> | undefined;
      await sut.run(tenantA, () => {
        late = released.promise.then(() => library.authors.findAll());
      });
      released.resolve();
      await expect(late).rejects.toBeInstanceOf(TenantRunEndedError);
    });

    it('does not load a collection of one tenant inside another', async () => {
      const author = await sut.run(tenantA, (em) => em.findOneOrFail(Author, { id: 1 }));
      await sut.run(tenantB, async () => {
        await expect(author.books.init()).rejects.toBeInstanceOf(TenantRunEndedError);
      });
    });
  });

  describe('a write across tenants', () => {
    /** Every way of carrying an entity of tenant A into tenant B. `foreign` was loaded in A; its row in B has the same key. */
    const crossings: Record<string, (em: SqlEntityManager, foreign: Author) => unknown> = {
      'persisting an entity': (em, foreign) => em.persist(foreign),
      'persisting a changed entity': (em, foreign) => {
        foreign.name = 'changed';
        em.persist(foreign);
      },
      'merging an entity': (em, foreign) => em.merge(foreign),
      'merging and changing an entity': (em, foreign) => {
        em.merge(foreign).name = 'changed';
      },
      'removing an entity': (em, foreign) => em.remove(foreign),
      'referencing an entity in a new one': (em, foreign) => em.create(Book, { id: 9, title: 'crossed', author: foreign }),
      'referencing an entity in a loaded one': async (em, foreign) => {
        const book = await em.findOneOrFail(Book, { id: 1 });
        book.author = foreign as unknown as Ref<Author>;
      },
      'assigning an entity': async (em, foreign) => {
        em.assign(await em.findOneOrFail(Book, { id: 1 }), { author: foreign });
      },
      'upserting an entity': (em, foreign) => em.upsert(foreign),
      'upserting many entities': (em, foreign) => em.upsertMany([foreign]),
      'inserting an entity': (em, foreign) => em.insert(foreign),
      'inserting data with an entity': (em, foreign) => em.insert(Book, { id: 9, title: 'crossed', author: foreign }),
      'inserting data with entities in a list': (em, foreign) =>
        em.insert(Book, { id: 9, title: 'crossed', tags: [foreign] as never }),
      'creating an entity with entities in a list': (em, foreign) =>
        em.create(Book, { id: 9, title: 'crossed', tags: [foreign] as never }),
      'inserting by a query builder': (em, foreign) =>
        em.createQueryBuilder(Book).insert({ id: 9, title: 'crossed', author: foreign }).execute(),
      'updating by a query builder': (em, foreign) => em.createQueryBuilder(Book).update({ author: foreign }).execute(),
      'inserting by a clone of a query builder': (em, foreign) =>
        em.createQueryBuilder(Book).clone().insert({ id: 9, title: 'crossed', author: foreign }).execute(),
      'updating by a clone of a query builder': (em, foreign) =>
        em.createQueryBuilder(Book).clone().update({ author: foreign }).execute(),
      'deleting by an entity': (em, foreign) => em.nativeDelete(Book, { author: foreign }),
      'refreshing an entity': (em, foreign) => em.refresh(foreign),
      'populating an entity': (em, foreign) => em.populate(foreign, ['books']),
      'updating to an entity': (em, foreign) => em.nativeUpdate(Book, { id: 1 }, { author: foreign }),
    };

    const contexts: Record<string, (cross: (em: SqlEntityManager) => unknown) => Promise<unknown>> = {
      'in a run': (cross) => sut.run(tenantB, async (em) => void (await cross(em))),
      'in a transaction of the tenant': (cross) =>
        sut.run(tenantB, (em) => em.transactional(async (transaction) => void (await cross(transaction)))),
      'in a transaction of the host': (cross) =>
        host.run(() => host.hostDatabase.transactional(() => sut.run(tenantB, async (em) => void (await cross(em))))),
      'through what is injected': (cross) => sut.run(tenantB, async () => void (await cross(library.em))),
    };

    describe.each(Object.keys(crossings))('by %s', (crossing) => {
      it.each(Object.keys(contexts))('is refused %s, and nothing of it reaches any database', async (context) => {
        const foreign = await sut.run(tenantA, (em) => em.findOneOrFail(Author, { id: 1 }));
        const before = [await rowsOf(tenantA), await rowsOf(tenantB)];
        await expect(contexts[context]?.((em) => crossings[crossing]?.(em, foreign))).rejects.toMatchObject({
          code: 'TENANT_DATABASES_WRONG_TENANT',
          ownerTenantId: tenantA,
          usedInTenantId: tenantB,
        });
        expect([await rowsOf(tenantA), await rowsOf(tenantB)]).toEqual(before);
      });
    });

    it('is refused behind an entity that was kept from an earlier run', async () => {
      const foreign = await sut.run(tenantA, (em) => em.findOneOrFail(Author, { id: 1 }));
      foreign.name = 'carried over';
      const kept = await sut.run(tenantB, (em) => em.create(Author, { id: 2, name: 'kept' }));
      kept.mentor = ref(foreign);
      const before = await rowsOf(tenantB);
      const crossing = sut.run(tenantB, async (em) => {
        (await em.findOneOrFail(Author, { id: 1 })).mentor = ref(kept);
      });
      await expect(crossing).rejects.toBeInstanceOf(WrongTenantError);
      expect(await rowsOf(tenantB)).toEqual(before);
      await sut.run(tenantB, (em) => em.nativeDelete(Author, { id: 2 }));
    });

    it('is looked for in data that refers to itself, and ends', async () => {
      const data: Record<string, unknown> = { id: 1, name: `tag of ${tenantA}` };
      data.self = [data];
      await sut.run(tenantA, (em) => {
        expect(() => em.assign(em.getReference(Tag, 1), { name: `tag of ${tenantA}`, ...data } as never)).not.toThrow(RangeError);
        em.clear();
      });
    });

    it('is refused for an item of a collection', async () => {
      const foreign = await sut.run(tenantA, (em) => em.findOneOrFail(Tag, { id: 1 }));
      const before = await rowsOf(tenantB);
      const crossing = sut.run(tenantB, async (em) => {
        const book = await em.findOneOrFail(Book, { id: 1 }, { populate: ['tags'] });
        (book.tags as Collection<Tag>).add(foreign);
      });
      await expect(crossing).rejects.toBeInstanceOf(WrongTenantError);
      expect(await rowsOf(tenantB)).toEqual(before);
    });

    it('is refused for an entity that was made with new and flushed elsewhere', async () => {
      const tag = Object.assign(new Tag(), { id: 77, name: 'made with new' });
      await sut.run(tenantA, (em) => void em.persist(tag));
      await expect(sut.run(tenantB, (em) => void em.persist(tag))).rejects.toBeInstanceOf(WrongTenantError);
      await sut.run(tenantA, (em) => em.nativeDelete(Tag, { id: 77 }));
    });

    it('is what it looks like: the same steps inside one tenant do write', async () => {
      await sut.run(tenantA, async (em) => {
        const author = await em.findOneOrFail(Author, { id: 1 });
        const book = await em.findOneOrFail(Book, { id: 1 }, { populate: ['tags'] });
        book.tags.add(await em.findOneOrFail(Tag, { id: 1 }));
        em.create(Book, { id: 9, title: 'second', author });
      });
      const { books, bookTags } = await rowsOf(tenantA);
      expect(books).toMatchObject([
        { id: 1, author_id: 1 },
        { id: 9, author_id: 1 },
      ]);
      expect(bookTags).toHaveLength(1);
    });

    it('is refused by a nested switch of tenant', async () => {
      const nested = sut.run(tenantA, () => sut.run(tenantB, () => 'entered'));
      await expect(nested).rejects.toBeInstanceOf(TenantSwitchError);
      const inTransaction = sut.run(tenantA, (em) => em.transactional(() => sut.run(tenantB, () => 'entered')));
      await expect(inTransaction).rejects.toMatchObject({ fromTenantId: tenantA, toTenantId: tenantB });
    });
  });

  describe('transactions of host and tenant', () => {
    it('do not hide each other', async () => {
      const email = `${genId()}@example.com`;
      const work = host.run(() =>
        host.hostDatabase.transactional(async (hostEm) => {
          hostEm.create(GlobalUser, { email });
          await hostEm.flush();
          await sut.run(tenantA, (em) =>
            em.transactional(async () => {
              // Without a memory of both, the first would ask outside the host's transaction, and on SQLite wait for ever.
              expect(await host.get(HostDatabase).globalUsers.count({ email })).toBe(1);
              await host.get(UnitOfWork).transactional(async () => {
                expect(await library.authors.count({ id: 1 })).toBe(1);
              });
              await library.em.execute(`update author set name = 'renamed' where id = 1`);
              throw new Error('roll back');
            }),
          );
        }),
      );
      await expect(work).rejects.toThrow('roll back');
      expect(await host.run(() => host.hostDatabase.globalUsers.count({ email }))).toBe(0);
      expect((await rowsOf(tenantA)).authors).toMatchObject([{ name: `author of ${tenantA}` }]);
    });

    it('last as long as they last, whatever unit of work is begun inside', async () => {
      const work = sut.run(tenantA, (em) =>
        em.transactional(async () => {
          await library.em.execute(`update author set name = 'renamed' where id = 1`);
          await host.run(async () => {
            expect((await library.authors.findOneOrFail({ id: 1 }, { refresh: true })).name).toBe('renamed');
          });
          throw new Error('roll back');
        }),
      );
      await expect(work).rejects.toThrow('roll back');
    });

    it('are each their own: a host transaction inside a tenant transaction sees the tenant transaction', async () => {
      const work = host.run(() =>
        sut.run(tenantA, (em) =>
          em.transactional(async () => {
            await library.em.execute(`update author set name = 'renamed' where id = 1`);
            await host.hostDatabase.em.transactional(async () => {
              expect((await library.authors.findOneOrFail({ id: 1 }, { refresh: true })).name).toBe('renamed');
            });
            throw new Error('roll back');
          }),
        ),
      );
      await expect(work).rejects.toThrow('roll back');
    });
  });

  describe('two requests that lock host and tenant in opposite order', () => {
    it('do not wait for each other for ever', async () => {
      const other = await createTestHost({
        database,
        mikroOrm: { driverOptions: database === 'sqlite' ? { timeout: 2_000 } : {} },
        options,
      });
      const tenants = other.get(TenantDatabases);
      const { id } = await other.newTenant();
      // Known to be active, so that entering it asks the host nothing.
      await tenants.run(id, () => undefined);
      const [hostHeld, tenantHeld] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const hostFirst = other.run(() =>
        other.hostDatabase.transactional(async () => {
          hostHeld.resolve();
          await tenantHeld.promise;
          return tenants.run(id, (em) => em.count(Author));
        }),
      );
      const tenantFirst = other.run(() =>
        tenants.run(id, (em) =>
          em.transactional(async () => {
            tenantHeld.resolve();
            await hostHeld.promise;
            return other.hostDatabase.globalUsers.count();
          }),
        ),
      );
      const outcomes = await Promise.allSettled([hostFirst, tenantFirst]);
      // PostgreSQL has other connections to read with. SQLite has one to each file, and says so to whoever has waited too long.
      const busy = outcomes.filter((outcome) => outcome.status === 'rejected');
      for (const { reason } of busy) expect(reason).toBeInstanceOf(LockWaitTimeoutException);
      expect(busy.length > 0).toBe(database === 'sqlite');
      expect(await other.run(() => other.hostDatabase.globalUsers.count())).toBe(0);
      expect(await tenants.run(id, (em) => em.transactional(() => em.count(Author)))).toBe(0);
      await other.close();
    });
  });
});
