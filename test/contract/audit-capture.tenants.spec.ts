import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { ContextService, genId, GlobalUser, HostDatabase } from 'nestjs-host-database';
import {
  type AuditedEntityDefinition,
  AuditReader,
  AuditSealer,
  AuditVerifier,
  DeferredAuditRows,
  defineAuditedEntity,
  Ed25519Signer,
  generateSigningKey,
  UnauditableEntityError,
  UnauditedWriteError,
} from 'nestjs-host-database/audit';
import {
  NoTenantError,
  TenantAuditCapture,
  TenantAuditRelay,
  TenantAuditRow,
  TenantDatabases,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { onNativeClient } from '../support/native-client.js';
import { until } from '../support/until.js';

const PatientSchema = defineEntity({
  name: 'Patient',
  tableName: 'patients',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    name: p.string(),
    ward: p.string().nullable(),
    doorCode: p.string().nullable(),
    seenAt: p.datetime(3).nullable(),
  },
});
class Patient extends PatientSchema.class {}
PatientSchema.setClass(Patient);

const VisitSchema = defineEntity({
  name: 'Visit',
  tableName: 'visits',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    patient: () => p.manyToOne(Patient).ref().deleteRule('cascade'),
    text: p.string(),
  },
});
class Visit extends VisitSchema.class {}
VisitSchema.setClass(Visit);

const DraftSchema = defineEntity({
  name: 'Draft',
  tableName: 'drafts',
  properties: { id: p.string().length(32).primary().onCreate(genId), text: p.string() },
});
class Draft extends DraftSchema.class {}
DraftSchema.setClass(Draft);

const tenantDatabases = { entities: [Patient, Visit, Draft] };
const tenantEntities = [
  defineAuditedEntity(Patient, {
    name: 'patients',
    events: { deleted: 'care.patient-discharged' },
    except: ['seenAt'],
    secret: ['doorCode'],
    personal: { subject: 'id', fields: ['name'] },
  }),
  defineAuditedEntity(Visit, { name: 'visits' }),
];

const NAME = 'Florence Nightingale';
const CODE = 'open sesame';
const newPatient = () => ({ id: genId(), name: NAME, doorCode: CODE });

/** A write that does not come by a flush. `id` is that of a patient that exists. */
type DirectWrite = (em: SqlEntityManager, id: string) => Promise<unknown>;

/** The write paths of MikroORM that a flush does not see, and what else is made of them. */
const PATHS: Record<string, DirectWrite> = {
  nativeUpdate: (em, id) => em.nativeUpdate(Patient, { id }, { ward: 'A' }),
  nativeDelete: (em, id) => em.nativeDelete(Patient, { id }),
  upsert: (em) => em.upsert(Patient, newPatient()),
  upsertMany: (em, id) => em.upsertMany(Patient, [newPatient(), { id, name: 'other' }]),
  insert: (em) => em.insert(Patient, newPatient()),
  insertMany: (em) => em.insertMany(Patient, [newPatient(), newPatient()]),
  'a query builder': (em, id) => em.createQueryBuilder(Patient).update({ ward: 'A' }).where({ id }).execute(),
  execute: (em, id) => em.execute('update patients set ward = ? where id = ?', ['A', id]),
  "a repository's nativeDelete": (em, id) => em.getRepository(Patient).nativeDelete({ id }),
  'raw SQL on the connection': (em, id) =>
    em.getConnection().execute('delete from patients where id = ?', [id], 'run', em.getTransactionContext()),
  kysely: (em, id) => em.getKysely<{ patients: { id: string } }>().deleteFrom('patients').where('id', '=', id).execute(),
};

describe.each(['sqlite', 'postgresql'] as const)("the audited entities of tenants' databases on %s", (database) => {
  const key = generateSigningKey();
  const audit = {
    tenantEntities,
    sealing: {
      signer: new Ed25519Signer(key.privateKey),
      publicKeys: { [key.keyId]: key.publicKey },
      everyMs: 100,
      verifyAt: false as const,
    },
    encryption: { keyId: 'k1', keys: { k1: randomBytes(32) } },
  };
  let host: TestHost;
  let tenants: TenantDatabases;
  let relay: TenantAuditRelay;
  let [tenantA, tenantB]: [string, string] = ['', ''];

  beforeAll(async () => {
    host = await createTestHost({ database, options: { tenantDatabases, audit } });
    tenants = host.get(TenantDatabases);
    relay = host.get(TenantAuditRelay);
    [tenantA, tenantB] = [(await host.newTenant()).id, (await host.newTenant()).id];
  });
  afterAll(async () => {
    await host.close();
  });

  const inTenant = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => tenants.run(tenantA, work);
  const waiting = (tenantId = tenantA) =>
    tenants.run(tenantId, (em) => em.execute<{ id: string; canonical: string }[]>('select id, canonical from sys_audit_outbox'));
  /** What the reader of a tenant shows of one thing, the oldest first. */
  const entriesOf = (targetId: string, tenantId = tenantA) =>
    host.run(async () => (await host.get(AuditReader).forTenant(tenantId).find({ targetId, order: 'oldest' })).rows);
  /** Waits until the rows that were committed before have been moved. */
  const moved = (tenantId = tenantA) => until(async () => (await waiting(tenantId)).length === 0);
  const admitted = async () => {
    const patient = newPatient();
    await inTenant((em) => void em.create(Patient, patient));
    await moved();
    return patient;
  };
  /** Does work whose rows stay where they are, as those of a process do that dies before it has moved them. */
  async function abandoned(work: (em: SqlEntityManager) => unknown, tenantId = tenantA): Promise<void> {
    const append = jest.spyOn(DeferredAuditRows.prototype, 'append').mockRejectedValue(new Error('as good as dead'));
    await tenants.run(tenantId, async (em) => void (await work(em)));
    await until(() => append.mock.calls.length > 0);
    append.mockRestore();
  }

  describe('a flush', () => {
    it('is recorded in the log of the tenant, with who did it and when', async () => {
      const actorUserId = (await host.newUser()).id;
      const patient = newPatient();
      const createdAt = host.clock.now();
      await host
        .get(ContextService)
        .run({ actorUserId, requestId: 'request-1' }, () => inTenant((em) => void em.create(Patient, patient)));
      await inTenant(async (em) => void Object.assign(await em.findOneOrFail(Patient, patient.id), { ward: 'A', doorCode: 'x' }));
      await inTenant(async (em) => void em.remove(await em.findOneOrFail(Patient, patient.id)));
      await moved();

      const entries = await entriesOf(patient.id);
      const all = { id: patient.id, name: NAME, doorCode: '[redacted]' };
      expect(entries).toMatchObject([
        {
          eventType: 'patients.created',
          targetType: 'Patient',
          tenantId: tenantA,
          actorUserId,
          requestId: 'request-1',
          createdAt,
          details: { before: null, after: all },
        },
        {
          eventType: 'patients.updated',
          details: { before: { ward: null, doorCode: '[redacted]' }, after: { ward: 'A', doorCode: '[redacted]' } },
        },
        { eventType: 'care.patient-discharged', details: { before: { ...all, ward: 'A' }, after: null } },
      ]);
      expect(
        await host.run(async () => (await host.get(AuditReader).find({ scope: 'host', targetId: patient.id })).rows),
      ).toEqual([]);
    });

    it('is not seen by another tenant', async () => {
      const patient = await admitted();
      const other = newPatient();
      await tenants.run(tenantB, (em) => void em.create(Patient, other));
      await moved(tenantB);
      expect(await entriesOf(patient.id, tenantB)).toEqual([]);
      expect(await entriesOf(other.id, tenantA)).toEqual([]);
      expect(await entriesOf(other.id, tenantB)).toHaveLength(1);
    });

    it('records what the database would delete along with a row', async () => {
      const patient = await admitted();
      const visit = genId();
      await inTenant((em) => void em.create(Visit, { id: visit, patient: patient.id, text: 'a visit' }));
      await inTenant(async (em) => void em.remove(await em.findOneOrFail(Patient, patient.id)));
      await moved();
      expect((await entriesOf(visit)).map(({ eventType }) => eventType)).toEqual(['visits.created', 'visits.deleted']);
      expect(await inTenant((em) => em.count(Visit, { id: visit }))).toBe(0);
    });

    it('has no record where nothing changed that is recorded, or nothing that is audited', async () => {
      const patient = await admitted();
      const draft = genId();
      await inTenant(async (em) => {
        Object.assign(await em.findOneOrFail(Patient, patient.id), { seenAt: new Date(0) });
        em.create(Draft, { id: draft, text: 'a draft' });
      });
      expect(await waiting()).toEqual([]);
      expect([(await entriesOf(patient.id)).length, (await entriesOf(draft)).length]).toEqual([1, 0]);
    });

    it('leaves neither the change nor its record behind a throw', async () => {
      const patient = newPatient();
      const work = (isThrown: boolean) =>
        inTenant((em) =>
          em.transactional(async () => {
            em.create(Patient, patient);
            await em.flush();
            expect(await em.count(Patient, { id: patient.id })).toBe(1);
            expect(await em.count(TenantAuditRow)).toBe(1);
            if (isThrown) throw new Error('no');
          }),
        );
      await expect(work(true)).rejects.toThrow('no');
      expect(await waiting()).toEqual([]);
      expect(await inTenant((em) => em.count(Patient, { id: patient.id }))).toBe(0);
      expect(await entriesOf(patient.id)).toEqual([]);
      await work(false);
      await moved();
      expect(await entriesOf(patient.id)).toHaveLength(1);
    });

    it('is moved after each commit, also inside a run that goes on', async () => {
      const [first, second] = [newPatient(), newPatient()];
      await inTenant(async (em) => {
        await em.transactional(() => void em.create(Patient, first));
        await until(async () => (await entriesOf(first.id)).length === 1);
        await em.begin();
        em.create(Patient, second);
        await em.flush();
        await em.commit();
        await until(async () => (await entriesOf(second.id)).length === 1);
      });
    });

    it("is moved after the end of the caller's transaction on the host, whichever that is", async () => {
      for (const isThrown of [false, true]) {
        const [patient, user] = [newPatient(), genId()];
        const work = host.run(() =>
          host.hostDatabase.transactional(async () => {
            await inTenant((em) => void em.create(Patient, patient));
            host.hostDatabase.em.create(GlobalUser, { id: user, email: `${user}@example.com` });
            if (isThrown) throw new Error('no');
          }),
        );
        await work.catch((error: unknown) => expect(error).toMatchObject({ message: 'no' }));
        await moved();
        expect(await entriesOf(patient.id)).toHaveLength(1);
        expect(await host.run(() => host.hostDatabase.globalUsers.count({ id: user }))).toBe(isThrown ? 0 : 1);
      }
    });

    it('is refused where the record cannot be made: in a fork whose subscribers were taken away', async () => {
      const patient = newPatient();
      const flush = (freshEventManager: boolean) =>
        inTenant(async (em) => {
          const fork = em.fork({ freshEventManager });
          fork.create(Patient, patient);
          await fork.flush();
        });
      await expect(flush(true)).rejects.toBeInstanceOf(UnauditedWriteError);
      await flush(false);
      await moved();
      expect(await entriesOf(patient.id)).toHaveLength(1);
    });
  });

  describe.each(Object.entries(PATHS))('%s', (_, write) => {
    const patients = () => inTenant((em) => em.execute('select * from patients order by id'));

    it('is refused, and writes nothing', async () => {
      const { id } = await admitted();
      const before = await patients();
      for (const work of [
        () => inTenant((em) => write(em, id)),
        () => inTenant((em) => em.transactional((inner) => write(inner, id))),
      ]) {
        await expect(work()).rejects.toMatchObject({ code: 'AUDIT_UNAUDITED_WRITE', tables: ['patients'] });
      }
      expect(await patients()).toEqual(before);
    });

    it('passes where it is allowed, and the reason is recorded for the tenant', async () => {
      const { id } = await admitted();
      const before = await patients();
      const reason = `repair ${genId()}`;
      await inTenant(() => host.get(TenantAuditCapture).allowing(reason, (em) => write(em, id)));
      await moved();
      expect(await patients()).not.toEqual(before);
      const { rows } = await host.run(() =>
        host.get(AuditReader).forTenant(tenantA).find({ eventType: 'audit.capture-bypassed', limit: 1 }),
      );
      expect(rows.map(({ details }) => details)).toEqual([{ reason, tables: ['patients'] }]);
    });
  });

  it('writes and reads of everything else pass', async () => {
    const { id } = await admitted();
    await inTenant(async (em) => {
      await em.insert(Draft, { id, text: 'delete from patients' });
      expect(await em.nativeUpdate(Draft, { id }, { text: 'other' })).toBe(1);
      expect(await em.createQueryBuilder(Patient).where({ id }).getSingleResult()).toMatchObject({ id });
    });
  });

  describe('allowing', () => {
    it('needs a reason and a tenant, and rolls back with its event', async () => {
      const sut = host.get(TenantAuditCapture);
      const { id } = await admitted();
      const update = (em: SqlEntityManager) => em.nativeUpdate(Patient, { id }, { ward: 'B' });
      await expect(inTenant(() => sut.allowing(' ', update))).rejects.toMatchObject({ code: 'COMMON_INVALID_INPUT' });
      await expect(sut.allowing('a repair', update)).rejects.toBeInstanceOf(NoTenantError);
      const work = inTenant((em) =>
        em.transactional(async () => {
          await sut.allowing('a repair', update);
          expect(await em.count(TenantAuditRow)).toBe(1);
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect(await waiting()).toEqual([]);
      expect(await inTenant(async (em) => (await em.findOneOrFail(Patient, id)).ward)).toBeNull();
    });
  });

  describe('what waits', () => {
    it('shows no secret and no personal data', async () => {
      const patient = newPatient();
      await abandoned((em) => em.create(Patient, patient));
      const [row, ...others] = await waiting();
      expect(others).toEqual([]);
      expect(row?.canonical).toContain(patient.id);
      for (const planted of [NAME, CODE]) expect(row?.canonical).not.toContain(planted);
      expect(await relay.relay(tenantA)).toBe(1);
      expect((await entriesOf(patient.id))[0]).toMatchObject({ id: row?.id, details: { after: { name: NAME } } });
    });

    it.each<[string, DirectWrite]>([
      ['SQL', (em) => em.execute('delete from sys_audit_outbox')],
      ['nativeDelete', (em) => em.nativeDelete(TenantAuditRow, {})],
      ['a flush', async (em) => void em.create(TenantAuditRow, { id: genId(), canonical: '{}' })],
      ['a temporary table in its place', (em) => em.execute('create temporary table sys_audit_outbox (id text, canonical text)')],
    ])('is not written by %s of an application', async (_, write) => {
      await abandoned((em) => em.create(Patient, newPatient()));
      const before = await waiting();
      const code = expect.stringMatching(/^(TENANT_DATABASES_AUDIT_OUTBOX_WRITE|AUDIT_LOG_SHADOWED)$/);
      await expect(inTenant((em) => write(em, ''))).rejects.toMatchObject({ code });
      expect([before.length, await waiting()]).toEqual([1, before]);
      expect(await relay.relay(tenantA)).toBe(1);
    });

    it('is moved once where a process dies between the log and the outbox', async () => {
      const append = DeferredAuditRows.prototype.append;
      const patient = newPatient();
      jest.spyOn(DeferredAuditRows.prototype, 'append').mockImplementation(async function (this: DeferredAuditRows, ...args) {
        await append.apply(this, args);
        throw new Error('the process is as good as dead');
      });
      await inTenant((em) => void em.create(Patient, patient));
      await until(async () => (await entriesOf(patient.id)).length === 1);
      expect(await waiting()).toHaveLength(1);
      jest.restoreAllMocks();
      const moves = await Promise.all([relay.relay(tenantA), relay.relay(tenantA)]);
      expect(Math.max(...moves)).toBe(1);
      expect(await waiting()).toEqual([]);
      expect(await entriesOf(patient.id)).toHaveLength(1);
    });

    it('is moved in portions, whatever there is', async () => {
      const patients = Array.from({ length: 450 }, newPatient);
      await abandoned((em) => patients.map((patient) => em.create(Patient, patient)));
      expect(await relay.relay(tenantA)).toBe(450);
      expect(await waiting()).toEqual([]);
      const { rows } = await host.run(() =>
        host.get(AuditReader).forTenant(tenantA).find({ eventType: 'patients.created', limit: 450 }),
      );
      expect(new Set(rows.map(({ targetId }) => targetId))).toEqual(new Set(patients.map(({ id }) => id)));
    });

    it('is moved by the job that was in the queue before the commit', async () => {
      const patient = newPatient();
      await abandoned((em) =>
        em.transactional(async () => {
          em.create(Patient, patient);
          await em.flush();
          await host.jobs.expectEnqueued('tenant-databases.relay-audit-rows', { tenantId: tenantA, count: 1 });
        }),
      );
      host.clock.advance(60_000);
      await host.jobs.drain({ types: ['tenant-databases.relay-audit-rows'] });
      expect(await waiting()).toEqual([]);
      expect(await entriesOf(patient.id)).toHaveLength(1);
    });

    it('is moved by the nightly sweep, where there is no job', async () => {
      const patient = newPatient();
      await abandoned((em) => em.create(Patient, patient));
      await host.jobs.expectEnqueued('tenant-databases.relay-audit-rows', { tenantId: tenantA, count: 1 });
      await host.run(() => host.hostDatabase.em.execute('delete from sys_jobs'));
      await host.jobs.drain();
      expect(await waiting()).toHaveLength(1);
      host.clock.advance(24 * 3_600_000);
      await host.jobs.drain();
      expect(await waiting()).toEqual([]);
      expect(await entriesOf(patient.id)).toHaveLength(1);
    });

    it('of a tenant that is suspended waits until it is not', async () => {
      const { id } = await host.newTenant();
      const patient = newPatient();
      await abandoned((em) => em.create(Patient, patient), id);
      await host.run(() => host.get(TenantsService).suspend(id));
      host.clock.advance(60_000);
      await host.jobs.drain();
      expect(await entriesOf(patient.id, id)).toEqual([]);
      await host.run(() => host.get(TenantsService).reactivate(id));
      host.clock.advance(24 * 3_600_000);
      await host.jobs.drain();
      expect(await entriesOf(patient.id, id)).toHaveLength(1);
    });

    it('is not moved where it says that it is of another tenant, or says nothing', async () => {
      const patient = newPatient();
      await abandoned((em) => em.create(Patient, patient), tenantB);
      const [row] = await waiting(tenantB);
      const forged = [
        { id: row?.id ?? '', canonical: row?.canonical ?? '' },
        { id: genId(), canonical: row?.canonical ?? '' },
        { id: genId(), canonical: '{}' },
      ];
      const put = (sql: string) => inTenant((em) => onNativeClient(em, sql));
      for (const { id, canonical } of forged) {
        await put(`insert into sys_audit_outbox (id, canonical) values ('${id}', '${canonical}')`);
      }
      const own = newPatient();
      await inTenant((em) => void em.create(Patient, own));
      await until(async () => (await entriesOf(own.id)).length === 1);
      expect(await relay.relay(tenantA)).toBe(0);
      expect((await waiting()).map(({ id }) => id).toSorted()).toEqual(forged.map(({ id }) => id).toSorted());
      expect(await entriesOf(patient.id, tenantB)).toEqual([]);
      expect(await relay.relay(tenantB)).toBe(1);
      expect(await entriesOf(patient.id, tenantB)).toHaveLength(1);
      await put('delete from sys_audit_outbox');
    });

    it('is not moved inside a transaction on the host, which would be waited for', async () => {
      const work = host.run(() => host.hostDatabase.transactional(() => relay.relay(tenantA)));
      await expect(work).rejects.toMatchObject({ code: 'AUDIT_IN_TRANSACTION' });
    });
  });

  it('leave a log that is sealed and verified, also what was moved late', async () => {
    const verified = async () => {
      await host.get(AuditSealer).seal();
      const { reports, ok } = await host.get(AuditVerifier).verify();
      expect({ ok, findings: reports.flatMap(({ findings }) => findings) }).toEqual({ ok: true, findings: [] });
      const { sealedRows = 0, sealedLateRows = 0 } = reports.find(({ scope }) => scope === tenantA) ?? {};
      return { sealedRows, sealedLateRows };
    };
    await admitted();
    const late = newPatient();
    await abandoned((em) => em.create(Patient, late));
    const before = await verified();
    host.clock.advance(3_600_000);
    expect(await relay.relay(tenantA)).toBe(1);
    expect(await verified()).toEqual({ sealedRows: before.sealedRows + 1, sealedLateRows: before.sealedLateRows + 1 });
    expect(await entriesOf(late.id)).toHaveLength(1);
  });
});

describe.each(['sqlite', 'postgresql'] as const)("tenants' databases on %s", (database) => {
  const started: TestHost[] = [];
  const start = async (options: Parameters<typeof createTestHost>[0]) => {
    const host = await createTestHost({ database, ...options });
    started.push(host);
    return host;
  };
  afterEach(async () => {
    await Promise.all(started.splice(0).map((host) => host.close()));
  });

  it('have neither table nor guard where nothing in them is audited', async () => {
    const host = await start({ options: { tenantDatabases } });
    const { id } = await host.newTenant();
    await host.get(TenantDatabases).run(id, async (em) => {
      await em.insert(Patient, newPatient());
      expect(await em.nativeUpdate(Patient, {}, { ward: 'A' })).toBe(1);
      await expect(em.execute('select * from sys_audit_outbox')).rejects.toMatchObject({ name: 'TableNotFoundException' });
    });
    expect(await host.jobs.enqueued('tenant-databases.relay-audit-rows')).toEqual([]);
  });

  it('are written as they are where capture is off', async () => {
    const host = await start({ options: { tenantDatabases, audit: { tenantEntities, capture: false } } });
    const { id } = await host.newTenant();
    await host.get(TenantDatabases).run(id, async (em) => {
      await em.insert(Patient, newPatient());
      const allowed = host.get(TenantAuditCapture).allowing('an import', () => em.nativeUpdate(Patient, {}, { ward: 'A' }));
      expect(await allowed).toBe(1);
      expect(await em.count(TenantAuditRow)).toBe(0);
    });
  });

  describe('whose audited entities are misconfigured', () => {
    const definition = (options: object, entity: object = Patient) => ({ entity, options }) as never as AuditedEntityDefinition;
    it.each<[string, AuditedEntityDefinition]>([
      ["has no field 'nothing'", definition({ name: 'patients', secret: ['nothing'] })],
      ['names a field with the tenant', definition({ name: 'patients', tenant: 'ward' })],
      ['is no entity of the database', definition({ name: 'users' }, GlobalUser)],
      ['is no entity of the database', definition({ name: 'strangers' }, HostDatabase)],
    ])('stop the boot: one %s', async (problem, tenantEntity) => {
      const error: unknown = await start({ options: { tenantDatabases, audit: { tenantEntities: [tenantEntity] } } }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(UnauditableEntityError);
      expect(error).toHaveProperty('problem', expect.stringContaining(problem));
    });
  });
});
