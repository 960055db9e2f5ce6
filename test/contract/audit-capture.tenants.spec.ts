import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { ContextService, genId, GlobalUser, HostDatabase } from 'nestjs-host-database';
import {
  type AuditedEntityDefinition,
  AuditReader,
  UnauditableEntityError,
  UnauditedWriteError,
} from 'nestjs-host-database/audit';
import { NoTenantError, TenantAuditCapture, TenantAuditRow, TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { Draft, Hospitals, NAME, newPatient, Patient, tenantDatabases, tenantEntities, Visit } from '../support/hospital.js';
import { until } from '../support/until.js';

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
  const audit = { tenantEntities, encryption: { keyId: 'k1', keys: { k1: randomBytes(32) } } };
  let host: TestHost;
  let tenants: TenantDatabases;
  let hospitals: Hospitals;
  let [tenantA, tenantB]: [string, string] = ['', ''];

  beforeAll(async () => {
    host = await createTestHost({ database, options: { tenantDatabases, audit } });
    tenants = host.get(TenantDatabases);
    hospitals = new Hospitals(host);
    [tenantA, tenantB] = [(await host.newTenant()).id, (await host.newTenant()).id];
  });
  afterAll(async () => {
    await host.close();
  });

  const inTenant = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => tenants.run(tenantA, work);
  const waiting = () => hospitals.waiting(tenantA);
  const entriesOf = (targetId: string, tenantId = tenantA) => hospitals.entriesOf(tenantId, targetId);
  const moved = (tenantId = tenantA) => hospitals.moved(tenantId);
  const admitted = () => hospitals.admit(tenantA);

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
        expect(await waiting()).toEqual([]);
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
        await expect(
          work.then(
            () => false,
            () => true,
          ),
        ).resolves.toBe(isThrown);
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
