import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Migration } from '@mikro-orm/migrations';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId } from 'nestjs-host-database';
import {
  AuditReader,
  AuditSealer,
  AuditVerifier,
  DeferredAuditRows,
  Ed25519Signer,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import {
  AuditOutboxMissingError,
  auditOutboxTable,
  TenantAuditRelay,
  TenantAuditRow,
  TenantDatabases,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { CODE, Hospitals, NAME, newPatient, Patient, tenantDatabases, tenantEntities } from '../support/hospital.js';
import { onNativeClient } from '../support/native-client.js';
import { until } from '../support/until.js';

describe.each(['sqlite', 'postgresql'] as const)("the audit rows that wait in a tenant's database on %s", (database) => {
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
  let hospitals: Hospitals;
  let tenants: TenantDatabases;
  let relay: TenantAuditRelay;
  let [tenantA, tenantB]: [string, string] = ['', ''];

  beforeAll(async () => {
    host = await createTestHost({ database, options: { tenantDatabases, audit } });
    hospitals = new Hospitals(host);
    tenants = host.get(TenantDatabases);
    relay = host.get(TenantAuditRelay);
    [tenantA, tenantB] = [(await host.newTenant()).id, (await host.newTenant()).id];
  });
  afterAll(async () => {
    await host.close();
  });

  const inTenant = <T>(work: (em: SqlEntityManager) => T | Promise<T>) => tenants.run(tenantA, work);
  const waiting = () => hospitals.waiting(tenantA);
  const entriesOf = (targetId: string) => hospitals.entriesOf(tenantA, targetId);
  const admitted = () => hospitals.admit(tenantA);
  const abandoned = (work: (em: SqlEntityManager) => unknown, how?: { isAppended: boolean }) =>
    hospitals.abandoned(tenantA, work, how);

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

  it.each<[string, (em: SqlEntityManager) => unknown]>([
    ['SQL', (em) => em.execute('delete from sys_audit_outbox')],
    ['nativeDelete', (em) => em.nativeDelete(TenantAuditRow, {})],
    ['a flush', (em) => em.create(TenantAuditRow, { id: genId(), canonical: '{}' })],
    ['a temporary table in its place', (em) => em.execute('create temporary table sys_audit_outbox (id text, canonical text)')],
  ])('is not written by %s of an application', async (_, write) => {
    await abandoned((em) => em.create(Patient, newPatient()));
    const before = await waiting();
    const code = expect.stringMatching(/^(TENANT_DATABASES_AUDIT_OUTBOX_WRITE|AUDIT_LOG_SHADOWED)$/);
    await expect(inTenant(async (em) => void (await write(em)))).rejects.toMatchObject({ code });
    expect([before.length, await waiting()]).toEqual([1, before]);
    expect(await relay.relay(tenantA)).toBe(1);
  });

  it('is moved once where a process dies between the log and the outbox', async () => {
    const patient = newPatient();
    await abandoned((em) => em.create(Patient, patient), { isAppended: true });
    expect([(await entriesOf(patient.id)).length, (await waiting()).length]).toEqual([1, 1]);
    const moves = await Promise.all([relay.relay(tenantA), relay.relay(tenantA)]);
    expect(Math.max(...moves)).toBe(1);
    expect(await waiting()).toEqual([]);
    expect(await entriesOf(patient.id)).toHaveLength(1);
  });

  it('is moved before the database of a tenant that is deleted is gone', async () => {
    const { id } = await host.newTenant();
    const patient = newPatient();
    await hospitals.abandoned(id, (em) => em.create(Patient, patient));
    expect(await hospitals.entriesOf(id, patient.id)).toEqual([]);
    await host.run(() => host.get(TenantsService).requestDeletion(id, { graceDays: 0 }));
    await host.runJobs();
    expect(await host.run(() => host.get(TenantsService).getById(id))).toMatchObject({ status: 'deleted' });
    expect(await hospitals.entriesOf(id, patient.id)).toHaveLength(1);
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
    await hospitals.abandoned(id, (em) => em.create(Patient, patient));
    await host.run(() => host.get(TenantsService).suspend(id));
    host.clock.advance(60_000);
    await host.jobs.drain();
    expect(await hospitals.entriesOf(id, patient.id)).toEqual([]);
    await host.run(() => host.get(TenantsService).reactivate(id));
    host.clock.advance(24 * 3_600_000);
    await host.jobs.drain();
    expect(await hospitals.entriesOf(id, patient.id)).toHaveLength(1);
  });

  it('is not moved where it says that it is of another tenant, or says nothing', async () => {
    const patient = newPatient();
    await hospitals.abandoned(tenantB, (em) => em.create(Patient, patient));
    const [row] = await hospitals.waiting(tenantB);
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
    await until(async () => (await entriesOf(own.id)).length === 1 && (await waiting()).length === forged.length);
    expect(await relay.relay(tenantA)).toBe(0);
    expect((await waiting()).map(({ id }) => id).toSorted()).toEqual(forged.map(({ id }) => id).toSorted());
    expect(await hospitals.entriesOf(tenantB, patient.id)).toEqual([]);
    expect(await relay.relay(tenantB)).toBe(1);
    expect(await hospitals.entriesOf(tenantB, patient.id)).toHaveLength(1);
    await put('delete from sys_audit_outbox');
  });

  const idAt = (ms: number) => ms.toString(16).padStart(12, '0') + genId().slice(12);
  const forge = async (changes: Record<string, unknown>) => {
    await abandoned((em) => em.create(Patient, newPatient()));
    const [row] = await waiting();
    const forged = { ...(JSON.parse(row?.canonical ?? '') as object), id: genId(), ...changes };
    const sql = `insert into sys_audit_outbox (id, canonical) values ('${forged.id}', '${JSON.stringify(forged)}')`;
    await inTenant((em) => onNativeClient(em, sql));
    return forged.id;
  };
  const isRefused = async (id: string) => {
    const moved = await relay.relay(tenantA);
    const left = (await waiting()).map((row) => row.id);
    await inTenant((em) => onNativeClient(em, 'delete from sys_audit_outbox'));
    const isMoved =
      (await host.run(() => host.hostDatabase.em.execute('select id from sys_audit_logs where id = ?', [id]))).length > 0;
    // The row of this library beside it is moved in any case.
    expect({ moved, left }).toEqual(isMoved ? { moved: 2, left: [] } : { moved: 1, left: [id] });
    return !isMoved;
  };

  it.each<[string, () => Record<string, unknown>]>([
    ['has too long an event type', () => ({ eventType: 'x'.repeat(128) })],
    ['has too long a target', () => ({ targetId: 'x'.repeat(256) })],
    ['has too long a request id', () => ({ requestId: 'x'.repeat(128) })],
    ['has a version that is no version', () => ({ schemaVersion: 2 ** 31 })],
    ['has a NUL', () => ({ details: { text: '\\\0' } })],
    ['is of tomorrow', () => ({ createdAt: new Date(host.clock.now().getTime() + 86_400_000).toISOString() })],
    ['is from before all time', () => ({ createdAt: '-000100-01-01T00:00:00.000Z' })],
    ['has an id of tomorrow', () => ({ id: idAt(Date.now() + 86_400_000) })],
    ['has an id of years ago', () => ({ id: idAt(Date.now() - 3 * 365 * 86_400_000) })],
  ])('is not moved where it %s, and the others are', async (_, changes) => {
    expect(await isRefused(await forge(changes()))).toBe(true);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['is as any other', () => ({})],
    ['fills its columns', () => ({ eventType: 'x'.repeat(127), targetId: 'x'.repeat(255), schemaVersion: 2 ** 31 - 1 })],
    ['has what only looks like a NUL', () => ({ details: { text: String.raw`\u0000` } })],
    ['is of this minute on another machine', () => ({ id: idAt(Date.now() + 30_000) })],
  ])('is moved where it %s', async (_, changes) => {
    expect(await isRefused(await forge(changes()))).toBe(false);
  });

  it('is not moved where its id is of another time than it says', async () => {
    const time = host.clock.now();
    host.clock.set(new Date());
    try {
      const at = (ms: number) => ({ createdAt: new Date(Date.now() - ms).toISOString() });
      expect(await isRefused(await forge(at(3_600_000)))).toBe(true);
      expect(await isRefused(await forge(at(30_000)))).toBe(false);
    } finally {
      host.clock.set(time);
    }
  });

  it('is not moved where the log was cut off after it', async () => {
    const anHourAgo = Date.now() - 3_600_000;
    const at = database === 'sqlite' ? 0 : new Date(0).toISOString();
    const sql = 'insert into sys_audit_purges (id, purged_through, rows, purged_at) values (?, ?, 0, ?)';
    await host.run(() => host.hostDatabase.em.execute(sql, [genId(), idAt(anHourAgo), at]));
    expect(await isRefused(await forge({ id: idAt(anHourAgo - 1) }))).toBe(true);
    expect(await isRefused(await forge({}))).toBe(false);
  });

  it('is looked at once where it is refused', async () => {
    const id = await forge({ createdAt: 'no time' });
    expect(await relay.relay(tenantA)).toBe(1);
    const append = jest.spyOn(host.get(DeferredAuditRows), 'append');
    try {
      expect(await relay.relay(tenantA)).toBe(0);
      expect(append).not.toHaveBeenCalled();
    } finally {
      append.mockRestore();
    }
    expect((await waiting()).map((row) => row.id)).toEqual([id]);
    await inTenant((em) => onNativeClient(em, 'delete from sys_audit_outbox'));
  });

  it('is not moved inside a transaction on the host, which would be waited for', async () => {
    const work = host.run(() => host.hostDatabase.transactional(() => relay.relay(tenantA)));
    await expect(work).rejects.toMatchObject({ code: 'AUDIT_IN_TRANSACTION' });
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

describe.each(['sqlite', 'postgresql'] as const)('the table of the rows that wait on %s', (type) => {
  const started: TestHost[] = [];
  const start = async (options: Parameters<typeof createTestHost>[0]) => {
    const host = await createTestHost({ database: type, ...options });
    started.push(host);
    return host;
  };
  afterEach(async () => {
    await Promise.all(started.splice(0).map((host) => host.close()));
  });

  const [id, text, time] = type === 'sqlite' ? ['text', 'text', 'datetime'] : ['varchar(32)', 'varchar(255)', 'timestamptz(3)'];
  class CreatePatients extends Migration {
    override up(): void {
      this.addSql(
        `create table patients (id ${id} not null primary key, name ${text} not null, ward ${text} null, door_code ${text} null, seen_at ${time} null)`,
      );
    }
  }
  class CreateOutbox extends Migration {
    override up(): void {
      this.addSql(auditOutboxTable(type));
    }
  }
  /** The columns of the table, by the database's own catalogue. */
  const columns = (em: SqlEntityManager) =>
    em.execute(
      type === 'sqlite'
        ? `select name, type, "notnull", pk from pragma_table_info('sys_audit_outbox') order by name`
        : `select column_name, data_type, character_maximum_length, is_nullable from information_schema.columns
            where table_name = 'sys_audit_outbox' order by column_name`,
    );
  const withMigrations = (migrationsList: (new (...args: never[]) => Migration)[]) => ({
    audit: { tenantEntities: tenantEntities.slice(0, 1) },
    tenantDatabases: { entities: [Patient], migrations: { migrationsList: migrationsList as (typeof CreatePatients)[] } },
  });

  it('is made by the migrations of the application, as the entity says', async () => {
    const host = await start({ options: withMigrations([CreatePatients, CreateOutbox]) });
    const tenantId = (await host.newTenant()).id;
    const { id: patientId } = await new Hospitals(host).admit(tenantId);
    expect(await new Hospitals(host).entriesOf(tenantId, patientId)).toHaveLength(1);
    const migrated = await host.get(TenantDatabases).run(tenantId, columns);
    const made = await start({ options: { tenantDatabases, audit: { tenantEntities } } });
    const other = (await made.newTenant()).id;
    expect(migrated).toHaveLength(3);
    expect(migrated).toEqual(await made.get(TenantDatabases).run(other, columns));
  });

  it('is asked for by the first change where it is missing, and nothing of the change is written', async () => {
    const host = await start({ options: withMigrations([CreatePatients]) });
    const tenants = host.get(TenantDatabases);
    const tenantId = (await host.newTenant()).id;
    const admit = (patient = newPatient()) => tenants.run(tenantId, (em) => void em.create(Patient, patient));
    await expect(admit()).rejects.toBeInstanceOf(AuditOutboxMissingError);
    await expect(admit()).rejects.toMatchObject({ tenantId });
    expect(await tenants.run(tenantId, (em) => em.count(Patient))).toBe(0);
    await expect(host.get(TenantAuditRelay).relay(tenantId)).rejects.toBeInstanceOf(AuditOutboxMissingError);

    await tenants.run(tenantId, (em) => em.execute(auditOutboxTable(type)));
    await admit();
    expect(await tenants.run(tenantId, (em) => em.count(Patient))).toBe(1);
  });
});

describe.each(['sqlite', 'postgresql'] as const)('the audit rows that provisioning writes on %s', (database) => {
  it.each(['seeded', 'claimed from the warm pool'])('are moved once the tenant is %s', async (how) => {
    const patient = newPatient();
    const run = (em: SqlEntityManager) => void em.create(Patient, patient);
    const provisioning = how === 'seeded' ? { seed: run } : { seed: { warm: true as const, run }, warmPool: { size: 1 } };
    const host = await createTestHost({
      database,
      options: {
        tenantDatabases: { ...tenantDatabases, ...provisioning },
        audit: { tenantEntities, encryption: { keyId: 'k1', keys: { k1: randomBytes(32) } } },
      },
    });
    try {
      const hospitals = new Hospitals(host);
      await host.runJobs();
      const { id, isActive } = await host.run(() => host.get(TenantsService).create({ name: 'St Thomas' }));
      expect(isActive).toBe(how !== 'seeded');
      // Only what is due now: what a process leaves behind is looked for a minute later.
      await host.runJobs();
      expect(await hospitals.entriesOf(id, patient.id)).toMatchObject([{ eventType: 'patients.created' }]);
      expect(await hospitals.waiting(id)).toEqual([]);
    } finally {
      await host.close();
    }
  });
});
