import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { getDbUri, WrongSchemaError } from 'nestjs-host-database';
import { TenantDatabases, TenantPlacement, TenantStorage, TenantUsers } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { asUser } from '../support/as-user.js';
import { until } from '../support/until.js';

const secrets = { keyId: 'k', keys: { k: randomBytes(32) } };

const AuthorSchema = defineEntity({
  name: 'Author',
  properties: {
    id: p.integer().primary(),
    name: p.string(),
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
    author: () => p.manyToOne(Author),
    tags: () => p.manyToMany(Tag),
  },
});
class Book extends BookSchema.class {}
BookSchema.setClass(Book);

const TagSchema = defineEntity({ name: 'Tag', properties: { id: p.integer().primary(), name: p.string() } });
class Tag extends TagSchema.class {}
TagSchema.setClass(Tag);

// SQLite has no schemas.
describe.each(['own', 'shared'] as const)('a tenant in a schema of postgresql, with %s users', (users) => {
  let host: TestHost;
  let tenants: TenantDatabases;
  let own: string;
  let other: string;

  beforeAll(async () => {
    host = await createTestHost({
      database: 'postgresql',
      options: { secrets, tenantDatabases: { entities: [Author, Book, Tag], users, placement: { mode: 'schema' } } },
    });
    tenants = host.get(TenantDatabases);
    own = (await host.newTenant()).id;
    other = (await host.newTenant()).id;
    for (const id of [own, other]) {
      await tenants.run(id, (em) => {
        const author = em.create(Author, { id: 1, name: id });
        em.create(Book, { id: 1, title: id, author, tags: [em.create(Tag, { id: 1, name: id })] });
      });
    }
  });
  afterAll(async () => {
    await host.close();
  });

  it('is written down as such, and shares its database with the others', async () => {
    const tenant = await host.run(() => host.get(TenantsService).getById(own));
    expect(tenant).toMatchObject({ mode: 'schema', server: 'host', generation: 1 });
    const [here, there] = await Promise.all([own, other].map((id) => tenants.run(id, (em) => new URL(getDbUri(em)))));
    expect(here?.pathname).toBe(there?.pathname);
    expect(here?.searchParams.get('schema')).toBe(`tenant_${own}`);
  });

  it('is where all statements land, whoever writes them', async () => {
    const landed = await tenants.run(own, async (em) => {
      const kysely = em.getKysely();
      return {
        find: (await em.findOneOrFail(Author, { id: 1 })).name,
        joined: await em.findOneOrFail(
          Book,
          { tags: { name: { $ne: '' } }, author: { name: { $ne: '' } } },
          { populate: ['author', 'tags'] },
        ),
        builder: (await em.createQueryBuilder(Book, 'b').leftJoinAndSelect('b.author', 'a').getSingleResult())?.author.name,
        collection: await (await em.findOneOrFail(Author, { id: 1 })).books.loadItems().then(([book]) => book?.title),
        raw: await em.execute('select a.name, b.title from book b join author a on a.id = b.author_id'),
        kysely: await kysely
          .selectFrom('tag' as never)
          .select('name' as never)
          .execute(),
        counted: await em.count(Author, { name: { $ne: own } }),
        path: await em.execute('show search_path'),
      };
    });
    expect(landed).toEqual({
      find: own,
      joined: expect.objectContaining({ title: own, author: expect.objectContaining({ name: own }) }),
      builder: own,
      collection: own,
      raw: [{ name: own, title: own }],
      kysely: [{ name: own }],
      counted: 0,
      path: [{ search_path: `"tenant_${own}"` }],
    });
  });

  it('stays its place in a transaction and after what is set in one', async () => {
    const where = (em: SqlEntityManager) => em.execute('select current_schema() as schema');
    await tenants.run(own, async (em) => {
      await em.transactional(async (inner) => {
        await inner.execute(`set local search_path = 'tenant_${other}'`);
      });
      expect(await where(em)).toEqual([{ schema: `tenant_${own}` }]);
    });
  });

  describe('cannot ask for that of another', () => {
    const attempts: Record<string, (em: SqlEntityManager, schema: string) => unknown> = {
      'by a fork': (em, schema) => em.fork({ schema }).find(Author, {}),
      'by the schema of its EntityManager': (em, schema) => {
        em.schema = schema;
        return em.find(Author, {});
      },
      'by an option of find': (em, schema) => em.find(Author, {}, { schema }),
      'by an option of count': (em, schema) => em.count(Author, {}, { schema }),
      'by an option of insert': (em, schema) => em.insert(Author, { id: 9, name: 'x' }, { schema }),
      'by an option of nativeUpdate': (em, schema) => em.nativeUpdate(Author, {}, { name: 'x' }, { schema }),
      'by an option of nativeDelete': (em, schema) => em.nativeDelete(Tag, {}, { schema }),
      'by an option of upsert': (em, schema) => em.upsert(Author, { id: 1, name: 'x' }, { schema }),
      'by an option of create': async (em, schema) => {
        em.create(Author, { id: 9, name: 'x' }, { schema });
        await em.flush();
      },
      'by a reference': (em, schema) => em.getReference(Author, 1, { schema, wrapped: true }).load(),
      'by a query builder': (em, schema) => em.createQueryBuilder(Author).withSchema(schema).getResult(),
      'by a clone of a query builder': (em, schema) => em.qb(Author).select('*').clone().withSchema(schema).execute(),
      'by a clone of a clone': (em, schema) => em.qb(Author).select('*').clone().clone().withSchema(schema).execute(),
      'by a join': (em, schema) => em.qb(Book, 'b').select('*').join('b.author', 'a', {}, undefined, undefined, schema).execute(),
      'by a left join': (em, schema) => em.qb(Author, 'a').select('*').leftJoin('a.books', 'b', {}, schema).execute(),
      'by an inner join': (em, schema) => em.qb(Book, 'b').select('*').innerJoin('b.author', 'a', {}, schema).execute(),
      'by a join that selects': (em, schema) =>
        em.qb(Author, 'a').leftJoinAndSelect('a.books', 'b', {}, undefined, schema).getResult(),
      'by an inner join that selects': (em, schema) =>
        em.qb(Book, 'b').innerJoinAndSelect('b.tags', 't', {}, undefined, schema).getResult(),
      'by a join in a clone': (em, schema) =>
        em.qb(Author, 'a').clone().leftJoinAndSelect('a.books', 'b', {}, undefined, schema).getResult(),
    };

    it.each(Object.entries(attempts))('%s', async (_, attempt) => {
      const trying = tenants.run(own, async (em) => void (await attempt(em, `tenant_${other}`)));
      await expect(trying).rejects.toBeInstanceOf(WrongSchemaError);
      const names = await tenants.run(other, (em) => em.execute('select id, name from author'));
      expect(names).toEqual([{ id: 1, name: other }]);
    });

    it.each(Object.entries(attempts))('and may name its own: %s', async (_, attempt) => {
      // The control of the test above; nothing of it is kept.
      const naming = tenants.run(own, (em) =>
        em.transactional(async (inner) => {
          await attempt(inner, `tenant_${own}`);
          throw new Error('as far as that');
        }),
      );
      await expect(naming).rejects.toThrow('as far as that');
    });
  });

  it('is kept from it by the server, too, where it has a user of its own', async () => {
    const reading = tenants.run(own, (em) => em.execute(`select name from "tenant_${other}".author`));
    const error = await reading.then(
      (rows) => rows,
      (reason: unknown) => (reason as { code?: string }).code,
    );
    // SQL that names the schema of another is stopped by nothing else.
    expect(error).toEqual(users === 'own' ? '42501' : [{ name: other }]);
  });
});

describe('migrations of tenants in schemas', () => {
  class CreatePosts extends Migration {
    override name = 'CreatePosts';

    override up(): void {
      this.addSql('create table post (id int primary key, text varchar(255) not null)');
    }
  }
  class IndexPosts extends Migration {
    override name = 'IndexPosts';

    override up(): void {
      this.addSql('create index post_text_index on post (text)');
    }
  }
  const Post = defineEntity({ name: 'Post', tableName: 'post', properties: { id: p.integer().primary(), text: p.string() } });

  it('wait for others of the same schema, and of no other one', async () => {
    const host = await createTestHost({
      database: 'postgresql',
      options: {
        tenantDatabases: { entities: [Post], placement: { mode: 'schema' }, migrations: { migrationsList: [CreatePosts] } },
      },
    });
    const first = await host.newTenant();
    const second = await host.newTenant({ provisioned: false });
    const statusOf = async ({ id }: { id: string }) => (await host.run(() => host.get(TenantsService).getById(id))).status;
    const url = getDbUri(host.hostDatabase);
    const holding = (em: SqlEntityManager, id: string) =>
      em.execute('select pg_advisory_xact_lock(?, hashtext(?))', [0x686f7374, `tenant_${id}`]);
    const database = `${new URL(url).pathname.slice(1)}_tenants`;
    let draining: Promise<number> | undefined;
    const whileHeld = async (em: SqlEntityManager) => {
      await holding(em, second.id);
      draining = host.runJobs();
      const waiting = `select 1 from pg_locks join pg_database d on d.oid = database where locktype = 'advisory' and not granted and datname = ?`;
      await until(async () => (await em.execute(waiting, [database])).length > 0, 20_000);
      expect(await statusOf(second)).toBe('provisioning');
    };
    await asUser(url, (em) => em.transactional(whileHeld), database);
    await draining;
    expect(await statusOf(second)).toBe('active');
    const third = await asUser(
      url,
      (em) => em.transactional(async (held) => (await holding(held, first.id), host.newTenant())),
      database,
    );
    expect(third.status).toBe('active');
    await host.close();
  });

  it('are applied and remembered in each, at the same time', async () => {
    const host = await createTestHost({
      database: 'postgresql',
      options: {
        secrets,
        tenantDatabases: {
          entities: [Post],
          placement: { mode: 'schema' },
          migrations: { migrationsList: [CreatePosts, IndexPosts] },
        },
      },
    });
    const made = await Promise.all(Array.from({ length: 4 }, () => host.newTenant({ provisioned: false })));
    await host.runJobs();
    for (const { id } of made) {
      const { applied, tables } = await host.get(TenantDatabases).run(id, async (em) => {
        em.create(Post, { id: 1, text: id });
        await em.flush();
        return {
          applied: await em.execute('select name from mikro_orm_migrations order by id'),
          tables: await em.execute(
            'select schemaname, tablename from pg_tables where schemaname = current_schema() order by tablename',
          ),
        };
      });
      expect(applied).toEqual([{ name: 'CreatePosts' }, { name: 'IndexPosts' }]);
      expect(tables).toEqual(['mikro_orm_migrations', 'post'].map((tablename) => ({ schemaname: `tenant_${id}`, tablename })));
    }
    await host.close();
  });
});

describe('a schema that the application names', () => {
  it('is made, entered and removed whatever its name is', async () => {
    const host = await createTestHost({ database: 'postgresql' });
    const [storage, schema] = [host.get(TenantStorage), String.raw`odd "name" \, public`];
    const url = new URL(getDbUri(host.hostDatabase));
    Object.assign(url, {
      username: '',
      password: '',
      pathname: `${url.pathname}_tenants`,
      search: `?schema=${encodeURIComponent(schema)}`,
    });
    const { id } = await host.newTenant({ provisioned: false });
    await storage.create(url.href);
    await host.run(() => host.get(TenantsService).activate(id, url.href));
    expect(await host.run(() => host.get(TenantsService).getById(id))).toMatchObject({ mode: 'schema', server: null });
    const run = host.get(TenantDatabases).run(id, (em) => em.execute('select current_schema() as schema'));
    expect(await run).toEqual([{ schema }]);
    expect(await storage.exists(url.href)).toBe(true);
    await storage.drop(url.href);
    expect(await storage.exists(url.href)).toBe(false);
    await host.close();
  });
});

describe('an entity that names a schema itself', () => {
  it('is refused for a tenant that lives in one', async () => {
    const Fixed = defineEntity({ name: 'Fixed', schema: 'somewhere', properties: { id: p.integer().primary() } });
    const host = await createTestHost({
      database: 'postgresql',
      options: { tenantDatabases: { entities: [Fixed], placement: { mode: 'schema' } } },
    });
    await expect(host.newTenant()).rejects.toMatchObject({ code: 'TENANTS_NOT_ACTIVE', status: 'failed' });
    const [job] = await host.run(() => host.hostDatabase.systemJobs.findAll());
    expect(job?.errorLog).toContain('The entity Fixed names a schema of its own');
    await host.close();
  });
});

describe('a schema that is gone', () => {
  it('is not made anew, and says what is wrong', async () => {
    const host = await createTestHost({
      database: 'postgresql',
      options: { secrets, tenantDatabases: { entities: [Author, Book, Tag], placement: { mode: 'schema' } } },
    });
    const { id } = await host.newTenant();
    const { address } = await host.get(TenantPlacement).choose({ tenantId: id, mode: 'schema', server: 'host' });
    await host.get(TenantStorage).drop(address);
    await expect(host.get(TenantDatabases).run(id, () => 'entered')).rejects.toMatchObject({
      code: 'TENANT_DATABASES_SCHEMA',
      schema: `tenant_${id}`,
      found: undefined,
    });
    expect(await host.get(TenantStorage).exists(address)).toBe(false);
    await host.get(TenantUsers).drop(address);
    await host.close();
  });
});
