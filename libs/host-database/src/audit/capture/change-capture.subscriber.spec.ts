import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEntity, MikroORM, p, raw, RequestContext } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type ScratchDatabase, scratchDatabase } from '../../../test/scratch-database.js';
import { genId } from '../../common/index.js';
import { hostOrmOptions, StatementGuards } from '../../database/index.js';
import { UnauditableEntityError } from '../audit.errors.js';
import { AuditedEntities } from './audited-entities.js';
import { ChangeCaptureSubscriber } from './change-capture.subscriber.js';
import { type AuditedChange, ChangeRecorder } from './change-recorder.js';

const AddressSchema = defineEntity({
  name: 'Address',
  embeddable: true,
  properties: { city: p.string(), since: p.datetime().nullable() },
});
class Address extends AddressSchema.class {}
AddressSchema.setClass(Address);

const TagSchema = defineEntity({ name: 'Tag', properties: { id: p.string().primary().onCreate(genId), label: p.string() } });
class Tag extends TagSchema.class {}
TagSchema.setClass(Tag);

const PersonSchema = defineEntity({
  name: 'Person',
  properties: {
    id: p.string().primary().onCreate(genId),
    name: p.string(),
    token: p.string().nullable(),
    pin: p.string().nullable().hidden(),
    visits: p.integer().default(0),
    big: p.bigint().nullable(),
    photo: p.blob().nullable(),
    born: p.date().nullable(),
    settings: p.json().$type<Record<string, unknown>>().nullable(),
    home: () => p.embedded(Address).nullable(),
    office: () => p.embedded(Address).nullable().object(),
    mentor: () => p.manyToOne(Person).ref().nullable(),
    tags: () => p.manyToMany(Tag).owner(),
    notes: () => p.oneToMany(Note).mappedBy('author').orphanRemoval(),
    version: p.integer().version(),
  },
});
class Person extends PersonSchema.class {}
PersonSchema.setClass(Person);

const NoteSchema = defineEntity({
  name: 'Note',
  properties: { id: p.string().primary().onCreate(genId), text: p.string(), author: () => p.manyToOne(Person).ref() },
});
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

const CounterSchema = defineEntity({
  name: 'Counter',
  properties: { id: p.integer().primary().autoincrement(), name: p.string() },
});
class Counter extends CounterSchema.class {}
CounterSchema.setClass(Counter);

class Recorded extends ChangeRecorder {
  readonly changes: AuditedChange[] = [];

  override record(_uow: unknown, _em: unknown, change: AuditedChange): void {
    this.changes.push(change);
  }
}

describe.each(['sqlite', 'postgresql'] as const)(`${ChangeCaptureSubscriber.name} on %s`, (type) => {
  const recorded = new Recorded();
  const guards = new StatementGuards();
  let scratch: ScratchDatabase;
  let orm: MikroORM;
  let entities: AuditedEntities;

  beforeAll(async () => {
    scratch = await scratchDatabase(type);
    const mapped = [Person, Note, Tag, Counter, Address];
    orm = await MikroORM.init(await hostOrmOptions({ database: scratch.options, entities: mapped, guards }));
    await orm.schema.ensureDatabase();
    await orm.schema.create();
    entities = new AuditedEntities(orm);
    entities.register(Person, {
      name: 'people',
      secret: ['token'],
      personal: { subject: 'id', fields: ['name', 'home', 'token'] },
      tenant: 'mentor',
    });
    entities.register(Note, { name: 'notes', targetType: 'NoteOfPerson' });
    orm.em.getEventManager().registerSubscriber(new ChangeCaptureSubscriber(entities, guards, recorded));
  });
  afterAll(async () => {
    await orm.close(true);
    await scratch.drop();
  });
  beforeEach(() => {
    recorded.changes.length = 0;
  });

  const run = (work: (em: SqlEntityManager) => unknown) =>
    RequestContext.create(orm.em, async () => {
      await work(orm.em as SqlEntityManager);
      await orm.em.flush();
    });
  const create = async (facts: object = {}) => {
    const id = genId();
    await run((em) => em.create(Person, { id, name: 'Ada', ...facts } as never));
    return id;
  };
  const changed = async (id: string, change: (person: Person, em: SqlEntityManager) => unknown) => {
    recorded.changes.length = 0;
    await run(async (em) => change(await em.findOneOrFail(Person, { id }, { populate: ['tags', 'notes', 'pin'] as never }), em));
    return recorded.changes;
  };

  it('writes values of every kind as JSON', async () => {
    const mentor = await create();
    recorded.changes.length = 0;
    const settings = { nested: { list: [1, null, 'ü'] }, empty: {} };
    const id = await create({
      mentor,
      settings,
      big: 9_007_199_254_740_993n,
      photo: Buffer.from('abc'),
      born: '1815-12-10',
      home: { city: 'London', since: new Date('2026-03-29T01:30:00Z') },
      office: { city: 'Paris', since: null },
    });
    expect(recorded.changes).toEqual([
      {
        eventType: 'people.created',
        targetType: 'Person',
        targetId: id,
        tenantId: mentor,
        personal: { subjectId: id, fields: ['name', 'home_city', 'home_since'] },
        details: {
          before: null,
          after: expect.objectContaining({
            id,
            mentor,
            settings,
            name: 'Ada',
            visits: 0,
            big: '9007199254740993',
            photo: '[3 bytes]',
            born: '1815-12-10',
            home_city: 'London',
            home_since: '2026-03-29T01:30:00.000Z',
            office: expect.objectContaining({ city: 'Paris' }),
          }),
        },
      },
    ]);
    expect(() => JSON.stringify(recorded.changes)).not.toThrow();
  });

  it('shows JSON and embedded objects before and after', async () => {
    const id = await create({ settings: { a: 1 }, home: { city: 'London' }, office: { city: 'Rome' } });
    const [change] = await changed(id, (person) => {
      Object.assign(person.settings ?? {}, { a: 2 });
      Object.assign(person.home ?? {}, { city: 'Bath' });
      Object.assign(person.office ?? {}, { city: 'Milan' });
    });
    expect(change?.details).toMatchObject({
      before: { settings: { a: 1 }, home_city: 'London', office: { city: 'Rome' } },
      after: { settings: { a: 2 }, home_city: 'Bath', office: { city: 'Milan' } },
    });
  });

  it('leaves out the version, and redacts what is secret or hidden', async () => {
    const id = await create({ token: 'planted-token', pin: 'planted-pin' });
    const [change] = await changed(id, (person) => Object.assign(person, { token: 'planted-too', pin: null }));
    expect(change?.details).toEqual({
      before: { token: '[redacted]', pin: '[redacted]' },
      after: { token: '[redacted]', pin: null },
    });
    expect(change?.personal).toBeNull();
    await changed(id, (person, em) => em.remove(person));
    expect(JSON.stringify(recorded.changes)).not.toContain('planted');
  });

  it('shows an expression of the database as one', async () => {
    const id = await create();
    const [change] = await changed(id, (person) => Object.assign(person, { visits: raw('visits + 1') }));
    expect(change?.details).toEqual({ before: { visits: 0 }, after: { visits: '[computed]' } });
  });

  it('shows a many-to-many collection as ids', async () => {
    const [first, second] = [genId(), genId()];
    await run((em) => [first, second].map((id) => em.create(Tag, { id, label: id })));
    const id = await create({ tags: [first] });
    expect(recorded.changes.at(-1)?.details.after).toMatchObject({ tags: [first] });
    const [change] = await changed(id, (person, em) => person.tags.set([em.getReference(Tag, second)]));
    expect(change?.details).toEqual({ before: { tags: [first] }, after: { tags: [second] } });
  });

  it('records what is written by cascade: items of collections, orphans', async () => {
    const id = await create();
    const created = await changed(id, (person, em) => person.notes.add(em.create(Note, { text: 'one', author: person })));
    expect(created).toMatchObject([
      { eventType: 'notes.created', targetType: 'NoteOfPerson', details: { after: { author: id } } },
    ]);
    const orphaned = await changed(id, (person) => person.notes.removeAll());
    expect(orphaned).toMatchObject([{ eventType: 'notes.deleted', details: { before: { text: 'one', author: id } } }]);
  });

  it('says nothing of entities that are not audited, and of flushes without changes', async () => {
    const id = await create();
    expect(await changed(id, (_, em) => em.create(Counter, { name: 'one' }))).toEqual([]);
    expect(await changed(id, () => undefined)).toEqual([]);
  });

  it('fails the flush where the record fails', async () => {
    const id = await create();
    const failing = { record: () => Promise.reject(new Error('no room')) };
    const work = run(async (em) => {
      const fork = em.fork({ cloneEventManager: true });
      fork.getEventManager().registerSubscriber(new ChangeCaptureSubscriber(entities, guards, failing));
      (await fork.findOneOrFail(Person, { id })).name = 'Grace';
      await fork.flush();
    });
    await expect(work).rejects.toThrow('no room');
    expect(await changed(id, (person) => expect(person.name).toBe('Ada'))).toEqual([]);
  });

  it('cannot audit an entity whose key the database makes', () => {
    expect(() => entities.register(Counter, { name: 'counters' })).toThrow(UnauditableEntityError);
    expect(() => entities.register(Tag, { name: 'tags' })).not.toThrow();
    expect([...entities.tables.writtenBy('delete from "person_tags"')]).toEqual(['person_tags']);
  });
});
