import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, helper, p } from '@mikro-orm/core';
import { MikroORM, type SqlEntityManager } from '@mikro-orm/sqlite';
import { hasPendingChanges } from './pending-changes.js';
import { isSurelyUnchanged } from './unchanged-entity.js';

const BookSchema = defineEntity({
  name: 'Book',
  properties: {
    id: p.integer().primary(),
    title: p.string(),
    note: p.text().nullable(),
    pages: p.integer(),
    weight: p.double().nullable(),
    isLent: p.boolean(),
    lentAt: p.datetime().nullable(),
    sequelOf: () => p.manyToOne(Book).nullable(),
    series: () => p.manyToOne(Book).ref().nullable(),
  },
});
class Book extends BookSchema.class {}
BookSchema.setClass(Book);

const ShelfSchema = defineEntity({
  name: 'Shelf',
  properties: { id: p.integer().primary(), labels: p.json().$type<string[]>() },
});
class Shelf extends ShelfSchema.class {}
ShelfSchema.setClass(Shelf);

/** Each field, and what else could be in it. */
const changes: Record<string, (em: SqlEntityManager, book: Book) => unknown> = {
  'a text': (_, book) => (book.title = 'Emma'),
  'a text that was null': (_, book) => (book.note = ''),
  'a number': (_, book) => (book.pages = 0),
  'a number that became null': (_, book) => (book.weight = null),
  'a truth value': (_, book) => (book.isLent = false),
  'a date that was replaced': (_, book) => (book.lentAt = new Date(1_001)),
  'a date that became null': (_, book) => (book.lentAt = null),
  'a reference to another': (em, book) => (book.sequelOf = em.getReference(Book, 3)),
  'a reference that became null': (_, book) => (book.sequelOf = null),
  'a wrapped reference to another': (em, book) => em.assign(book, { series: em.getReference(Book, 3) }),
  'a reference to one that is not saved': (em, book) => {
    book.sequelOf = em.create(Book, { id: 9, title: 'New', pages: 1, isLent: false }, { persist: false });
  },
};

describe(isSurelyUnchanged, () => {
  let orm: MikroORM;

  beforeAll(async () => {
    orm = await MikroORM.init({ dbName: ':memory:', entities: [Book, Shelf] });
    await orm.schema.create();
    const em = orm.em.fork();
    em.create(Book, { id: 1, title: 'First', pages: 100, isLent: false });
    em.create(Book, { id: 3, title: 'Third', pages: 300, isLent: false });
    const facts = { title: 'Second', pages: 200, weight: 1.5, isLent: true, lentAt: new Date(1_000) };
    em.create(Book, { id: 2, ...facts, sequelOf: em.getReference(Book, 1), series: em.getReference(Book, 1) });
    em.create(Shelf, { id: 1, labels: ['a'] });
    await em.flush();
  });
  afterAll(async () => {
    await orm.close();
  });

  const load = (em: SqlEntityManager) => em.findOneOrFail(Book, { id: 2 });

  it('is sure of what was only read, of a reference, and of what was loaded in part', async () => {
    const em = orm.em.fork();
    const book = await load(em);
    expect(isSurelyUnchanged(book)).toBe(true);
    expect(book.sequelOf && isSurelyUnchanged(book.sequelOf)).toBe(true);
    await em.flush();
    expect(isSurelyUnchanged(book)).toBe(true);
    expect(isSurelyUnchanged(await orm.em.fork().findOneOrFail(Book, { id: 2 }, { fields: ['pages'] }))).toBe(true);
  });

  it.each(Object.keys(changes))('is not sure of a change of %s, which counts as pending', async (change) => {
    const em = orm.em.fork();
    const book = await load(em);
    expect(hasPendingChanges(em)).toBe(false);
    await changes[change]?.(em, book);
    expect(isSurelyUnchanged(book)).toBe(false);
    expect(hasPendingChanges(em)).toBe(true);
  });

  it('is not sure of a field that was not loaded and was set', async () => {
    const book = await orm.em.fork().findOneOrFail(Book, { id: 2 }, { fields: ['pages'] });
    Object.assign(book, { title: 'Emma' });
    expect(isSurelyUnchanged(book as unknown as Book)).toBe(false);
  });

  it('is not sure of what has no snapshot, or has to be copied to be compared', async () => {
    const em = orm.em.fork();
    expect(isSurelyUnchanged(em.create(Book, { id: 9, title: 'New', pages: 1, isLent: false }))).toBe(false);
    const shelf = await em.findOneOrFail(Shelf, { id: 1 });
    expect(helper(shelf).__originalEntityData).toBeDefined();
    expect(isSurelyUnchanged(shelf)).toBe(false);
  });
});
