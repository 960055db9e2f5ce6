import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { defineEntity, MikroORM, p } from '@mikro-orm/core';
import { InjectRepository } from '@mikro-orm/nestjs';
import { Migration } from '@mikro-orm/migrations';
import type { EntityRepository, SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import {
  ContextService,
  type DatabaseOptions,
  genId,
  GlobalUser,
  HostDatabase,
  HostDatabaseModule,
  hostOrmConfig,
  type HostTablesOptions,
  SchemaOutdatedError,
} from 'nestjs-host-database';
import {
  AuditCapture,
  type AuditedEntityDefinition,
  AuditReader,
  AuditService,
  defineAuditedEntity,
  UnauditableEntityError,
  UnauditedWriteError,
} from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const InvoiceSchema = defineEntity({
  name: 'Invoice',
  tableName: 'app_invoices',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    number: p.string(),
    tenantId: p.string().length(32),
    customerId: p.string().length(32),
    email: p.string().nullable(),
    accessCode: p.string(),
    amountCents: p.integer(),
    note: p.string().nullable(),
    seenAt: p.datetime(3).nullable(),
  },
});
class Invoice extends InvoiceSchema.class {}
InvoiceSchema.setClass(Invoice);

const ReminderSchema = defineEntity({
  name: 'Reminder',
  tableName: 'app_reminders',
  properties: { id: p.string().length(32).primary().onCreate(genId), text: p.string(), opened: p.integer().default(0) },
});
class Reminder extends ReminderSchema.class {}
ReminderSchema.setClass(Reminder);

const TIME = { sqlite: 'datetime', postgresql: 'timestamptz(3)' } as const;
const TEXT = { sqlite: 'text', postgresql: 'varchar(255)' } as const;
const ID = { sqlite: 'text', postgresql: 'varchar(32)' } as const;
const INT = { sqlite: 'integer', postgresql: 'int' } as const;

/** The application's tables, as its own migrations make them. */
function tablesOf(type: 'sqlite' | 'postgresql'): HostTablesOptions {
  const [time, text, id, int] = [TIME[type], TEXT[type], ID[type], INT[type]];
  class CreateInvoices extends Migration {
    override up(): void {
      this.addSql(
        `create table app_invoices (id ${id} not null primary key, number ${text} not null, tenant_id ${id} not null, customer_id ${id} not null, email ${text} null, access_code ${text} not null, amount_cents ${int} not null, note ${text} null, seen_at ${time} null)`,
      );
    }
  }
  class CreateReminders extends Migration {
    override up(): void {
      this.addSql(
        `create table app_reminders (id ${id} not null primary key, "text" ${text} not null, opened ${int} not null default 0)`,
      );
    }
  }
  return {
    entities: [Invoice, Reminder],
    migrations: [CreateInvoices, { name: 'reminders', class: CreateReminders }],
  };
}

const audited = [
  defineAuditedEntity(Invoice, {
    name: 'invoices',
    events: { deleted: 'billing.invoice-deleted' },
    targetType: 'invoice',
    targetId: 'number',
    except: ['seenAt', 'note'],
    secret: ['accessCode'],
    personal: { subject: 'customerId', fields: ['email'] },
    tenant: 'tenantId',
  }),
  defineAuditedEntity(Reminder, { name: 'reminders', fields: ['text'] }),
];

@Injectable()
class Invoices {
  constructor(@InjectRepository(Invoice) readonly repository: EntityRepository<Invoice>) {}
}

const EMAIL = 'ada.lovelace@engine.example';

describe.each(['sqlite', 'postgresql'] as const)("an application's own entities in the host database on %s", (database) => {
  let host: TestHost;
  let tenantId: string;
  let customerId: string;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      providers: [Invoices],
      options: {
        hostDatabase: tablesOf(database),
        audit: { entities: audited, encryption: { keyId: 'k1', keys: { k1: randomBytes(32) } } },
      },
    });
    tenantId = (await host.newTenant({ provisioned: false })).id;
    customerId = (await host.newUser()).id;
  });
  afterAll(async () => {
    await host.close();
  });

  const newInvoice = (number = genId()) => ({
    id: genId(),
    number,
    tenantId,
    customerId,
    email: EMAIL,
    accessCode: 'open sesame',
    amountCents: 100,
  });
  const inHost = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => host.run(() => work(host.hostDatabase.em));
  const entriesOf = (targetId: string) =>
    host.run(async () => (await host.get(AuditReader).find({ scope: 'all', targetId, order: 'oldest' })).rows);
  const stored = async () => JSON.stringify(await inHost((em) => em.execute('select * from sys_audit_logs')));

  it('have their repositories', async () => {
    const { repository } = host.get(Invoices);
    const invoice = newInvoice();
    await inHost(() => void repository.create(invoice));
    expect(await inHost(() => repository.count({ id: invoice.id }))).toBe(1);
  });

  it('are recorded as the application says: what, to whom, of which tenant, and under which names', async () => {
    const invoice = newInvoice();
    const actorUserId = genId();
    await host.get(ContextService).run({ actorUserId }, () => inHost((em) => void em.create(Invoice, invoice)));
    await inHost(async (em) => {
      Object.assign(await em.findOneOrFail(Invoice, invoice.id), { amountCents: 200, accessCode: 'other', note: 'a note' });
    });
    await inHost(async (em) => void em.remove(await em.findOneOrFail(Invoice, invoice.id)));

    const entries = await entriesOf(invoice.number);
    const { id, number, amountCents } = invoice;
    const before = { id, number, tenantId, customerId, email: EMAIL, accessCode: '[redacted]' };
    expect(entries.map((entry) => [entry.eventType, entry.targetType, entry.tenantId, entry.actorUserId, entry.details])).toEqual(
      [
        ['invoices.created', 'invoice', tenantId, actorUserId, { before: null, after: { ...before, amountCents } }],
        [
          'invoices.updated',
          'invoice',
          tenantId,
          null,
          {
            before: { amountCents: 100, accessCode: '[redacted]' },
            after: { amountCents: 200, accessCode: '[redacted]' },
          },
        ],
        ['billing.invoice-deleted', 'invoice', tenantId, null, { before: { ...before, amountCents: 200 }, after: null }],
      ],
    );
    const bytes = await stored();
    expect(bytes).toContain(number);
    for (const planted of [EMAIL, 'open sesame', 'a note']) expect(bytes).not.toContain(planted);
  });

  it('have no record where nothing changed that is recorded', async () => {
    const [invoice, reminder] = [newInvoice(), { id: genId(), text: 'pay', opened: 0 }];
    await inHost((em) => [em.create(Invoice, invoice), em.create(Reminder, reminder)].length);
    await inHost(async (em) => {
      Object.assign(await em.findOneOrFail(Invoice, invoice.id), { seenAt: new Date(0), note: 'seen' });
      Object.assign(await em.findOneOrFail(Reminder, reminder.id), { opened: 1 });
    });
    expect((await entriesOf(invoice.number)).map(({ eventType }) => eventType)).toEqual(['invoices.created']);
    expect((await entriesOf(reminder.id)).map(({ details }) => details)).toEqual([{ before: null, after: { text: 'pay' } }]);
    expect(await inHost((em) => em.count(Reminder, { id: reminder.id, opened: 1 }))).toBe(1);
  });

  it('know their tenant and target also where a reference is changed', async () => {
    const invoice = newInvoice();
    await inHost((em) => void em.create(Invoice, invoice));
    await inHost((em) => void em.assign(em.getReference(Invoice, invoice.id), { amountCents: 300 }));
    await inHost((em) => void em.remove(em.getReference(Invoice, invoice.id)));
    const entries = await entriesOf(invoice.number);
    expect(entries.map((entry) => entry.tenantId)).toEqual([tenantId, tenantId, tenantId]);
    expect(entries[1]?.details).toEqual({ before: { amountCents: 100 }, after: { amountCents: 300 } });
  });

  it('leave neither the change nor its record behind a throw', async () => {
    const invoice = newInvoice();
    const work = inHost((em) =>
      em.transactional(async () => {
        em.create(Invoice, invoice);
        await em.flush();
        expect(await host.hostDatabase.auditLogs.count({ targetId: invoice.number })).toBe(1);
        throw new Error('no');
      }),
    );
    await expect(work).rejects.toThrow('no');
    expect(await inHost((em) => em.count(Invoice, { id: invoice.id }))).toBe(0);
    expect(await entriesOf(invoice.number)).toEqual([]);
  });

  it.each<[string, (em: SqlEntityManager, id: string) => Promise<unknown>]>([
    ['nativeUpdate', (em, id) => em.nativeUpdate(Invoice, { id }, { amountCents: 1 })],
    ['nativeDelete', (em, id) => em.nativeDelete(Invoice, { id })],
    ['upsert', (em, id) => em.upsert(Invoice, { ...newInvoice(), id })],
    ['upsertMany', (em, id) => em.upsertMany(Invoice, [{ ...newInvoice(), id }])],
    ['insert', (em) => em.insert(Invoice, newInvoice())],
    ['insertMany', (em) => em.insertMany(Invoice, [newInvoice()])],
    ['a query builder', (em, id) => em.createQueryBuilder(Invoice).update({ amountCents: 1 }).where({ id }).execute()],
    ['execute', (em, id) => em.execute('delete from app_invoices where id = ?', [id])],
  ])('refuse %s, which would not be recorded', async (_, write) => {
    const invoice = newInvoice();
    await inHost((em) => void em.create(Invoice, invoice));
    const rows = () => inHost((em) => em.execute('select * from app_invoices order by id'));
    const before = await rows();
    await expect(inHost((em) => write(em, invoice.id))).rejects.toMatchObject({ tables: ['app_invoices'] });
    expect(await rows()).toEqual(before);
    await host.run(() => host.get(AuditCapture).allowing('a repair', (em) => write(em, invoice.id)));
    expect(await rows()).not.toEqual(before);
  });

  it('are written as they are where capture is off', async () => {
    const off = await createTestHost({
      database,
      options: { hostDatabase: tablesOf(database), audit: { entities: audited, capture: false } },
    });
    try {
      await off.run(() => off.hostDatabase.em.insert(Invoice, newInvoice()));
      expect(await off.run(() => off.hostDatabase.auditLogs.count())).toBe(0);
    } finally {
      await off.close();
    }
  });

  describe('that are misconfigured', () => {
    const definition = (options: object, entity: object = Invoice) => ({ entity, options }) as never as AuditedEntityDefinition;
    it.each<[string, AuditedEntityDefinition[]]>([
      ["has no field 'nothing'", [definition({ name: 'invoices', secret: ['nothing'] })]],
      ["has no field 'nobody'", [definition({ name: 'invoices', personal: { subject: 'nobody', fields: ['email'] } })]],
      ["has no field 'elsewhere'", [definition({ name: 'invoices', targetId: 'elsewhere' })]],
      ['has fields and except', [definition({ name: 'invoices', fields: ['email'], except: ['note'] })]],
      ["would be recorded as 'My invoices.created'", [definition({ name: 'My invoices' })]],
      ["would be recorded as 'deleted'", [definition({ name: 'invoices', events: { deleted: 'deleted' } })]],
      [
        "would be recorded as 'bills.created', as Invoice is",
        [definition({ name: 'bills' }), definition({ name: 'bills' }, Reminder)],
      ],
      ['is registered already', [definition({ name: 'bills' }), definition({ name: 'invoices' })]],
      ['is no entity of the database', [definition({ name: 'strangers' }, HostDatabase)]],
      ['has a targetType of 64 characters', [definition({ name: 'invoices', targetType: 'x'.repeat(64) })]],
    ])('stop the boot: one that %s', async (problem, entities) => {
      const boot = createTestHost({ database, options: { hostDatabase: tablesOf(database), audit: { entities } } });
      const error: unknown = await boot.then((started) => started.close()).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(UnauditableEntityError);
      expect(error).toHaveProperty('problem', expect.stringContaining(problem));
    });

    it('stop the boot: one that the library audits already', async () => {
      const entities = [defineAuditedEntity(GlobalUser, { name: 'people' })];
      await expect(createTestHost({ database, options: { audit: { entities } } })).rejects.toBeInstanceOf(UnauditableEntityError);
    });
  });

  it('are taken from forRootAsync() too, where tables are structural', async () => {
    const started = await createTestHost({
      database,
      application: ({ database: where, ...options }) =>
        HostDatabaseModule.forRootAsync({
          type: database,
          hostDatabase: tablesOf(database),
          useFactory: () => ({ database: where!, jobs: options.jobs!, audit: { entities: audited } }),
        }),
    });
    try {
      const invoice = newInvoice();
      await started.run(() => void started.hostDatabase.em.create(Invoice, invoice));
      const found = await started.run(() => started.get(AuditService).findByTarget(invoice.number));
      expect(found).toHaveLength(1);
    } finally {
      await started.close();
    }
  });
});

describe.each(['sqlite', 'postgresql'] as const)("an application's migrations of the host database on %s", (type) => {
  let scratch: ScratchDatabase;
  let database: DatabaseOptions;
  const hostDatabase = tablesOf(type);

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    database = scratch.options;
  });
  afterEach(async () => {
    await scratch.drop();
  });

  const migrated = (opened: HostDatabase) =>
    opened.em
      .execute<{ name: string }[]>('select name from sys_migrations order by id')
      .then((rows) => rows.map(({ name }) => name));

  it("run behind the library's, once, and leave nothing to be done", async () => {
    const first = await HostDatabase.open({ database, hostDatabase });
    const names = await migrated(first);
    await first.close();
    const second = await HostDatabase.open({ database, hostDatabase });
    expect(await migrated(second)).toEqual(names);
    await second.close();
    expect(names.slice(-2)).toEqual(['CreateInvoices', 'reminders']);
    expect(names.length).toBeGreaterThan(2);

    const orm = await MikroORM.init(await hostOrmConfig(database, hostDatabase));
    try {
      expect(await orm.schema.getUpdateSchemaSQL({ safe: false, dropTables: false })).toBe('');
    } finally {
      await orm.close(true);
    }
  });

  it('come to a database that the library has migrated before, and stay where a program does not name them', async () => {
    await (await HostDatabase.open({ database })).close();
    await expect(HostDatabase.open({ database, hostDatabase, migrate: 'check' })).rejects.toBeInstanceOf(SchemaOutdatedError);
    const opened = await HostDatabase.open({ database, hostDatabase });
    opened.em.create(Reminder, { text: 'stay', opened: 0 });
    await opened.commit();
    await opened.close();
    const other = await HostDatabase.open({ database });
    expect(await other.em.execute('select "text" from app_reminders')).toEqual([{ text: 'stay' }]);
    await other.close();
  });

  it("are refused under a name of the library's, or under the same name", async () => {
    const [own] = hostDatabase.migrations ?? [];
    const opened = await HostDatabase.open({ database });
    const [taken = ''] = await migrated(opened);
    await opened.close();
    const named = (name: string) => ({ name, class: own as new () => Migration }) as never;
    for (const migrations of [[named(taken)], [named('same'), named('same')]]) {
      await expect(HostDatabase.open({ database, hostDatabase: { migrations } })).rejects.toMatchObject({
        code: 'COMMON_INVALID_OPTION',
        option: 'hostDatabase.migrations',
      });
      await expect(hostOrmConfig(database, { migrations })).rejects.toMatchObject({ code: 'COMMON_INVALID_OPTION' });
    }
  });

  it('leave scripts to capture what they name as audited', async () => {
    const opened = await HostDatabase.open({ database, hostDatabase, audit: { entities: audited } });
    try {
      const reminder = opened.em.create(Reminder, { text: 'pay', opened: 0 });
      await opened.commit();
      expect(await opened.auditLogs.count({ targetId: reminder.id, eventType: 'reminders.created' })).toBe(1);
      await expect(opened.em.nativeDelete(Reminder, {})).rejects.toBeInstanceOf(UnauditedWriteError);
    } finally {
      await opened.close();
    }
  });
});
