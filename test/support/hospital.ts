import { defineEntity, p } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId } from 'nestjs-host-database';
import { type AuditEntry, AuditReader, DeferredAuditRows, defineAuditedEntity } from 'nestjs-host-database/audit';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import type { TestHost } from 'nestjs-host-database/testing';
import { until } from './until.js';

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
export class Patient extends PatientSchema.class {}
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
export class Visit extends VisitSchema.class {}
VisitSchema.setClass(Visit);

const DraftSchema = defineEntity({
  name: 'Draft',
  tableName: 'drafts',
  properties: { id: p.string().length(32).primary().onCreate(genId), text: p.string() },
});
/** What is not audited. */
export class Draft extends DraftSchema.class {}
DraftSchema.setClass(Draft);

/** The entities of the tenants, and those of them that are audited. */
export const tenantDatabases = { entities: [Patient, Visit, Draft] };
export const tenantEntities = [
  defineAuditedEntity(Patient, {
    name: 'patients',
    events: { deleted: 'care.patient-discharged' },
    except: ['seenAt'],
    secret: ['doorCode'],
    personal: { subject: 'id', fields: ['name'] },
  }),
  defineAuditedEntity(Visit, { name: 'visits' }),
];

export const NAME = 'Florence Nightingale';
export const CODE = 'open sesame';
export const newPatient = () => ({ id: genId(), name: NAME, doorCode: CODE });

/** What a test asks of a host whose tenants are hospitals. */
export class Hospitals {
  private readonly tenants: TenantDatabases;

  constructor(private readonly host: TestHost) {
    this.tenants = host.get(TenantDatabases);
  }

  /** The rows that wait in the database of a tenant. */
  waiting(tenantId: string): Promise<{ id: string; canonical: string }[]> {
    return this.tenants.run(tenantId, (em) => em.execute('select id, canonical from sys_audit_outbox order by id'));
  }

  /** Waits until none is left. */
  moved(tenantId: string): Promise<void> {
    return until(async () => (await this.waiting(tenantId)).length === 0);
  }

  /** What the reader of a tenant shows of one thing, the oldest first. */
  entriesOf(tenantId: string, targetId: string): Promise<readonly AuditEntry[]> {
    const { host } = this;
    return host.run(async () => (await host.get(AuditReader).forTenant(tenantId).find({ targetId, order: 'oldest' })).rows);
  }

  /** Makes a patient, and waits until the log has it. */
  async admit(tenantId: string): Promise<ReturnType<typeof newPatient>> {
    const patient = newPatient();
    await this.tenants.run(tenantId, (em) => void em.create(Patient, patient));
    await this.moved(tenantId);
    return patient;
  }

  /**
   * Does work whose rows stay where they are, as those of a process do that dies before it has moved them; with `isAppended`, after it has
   * appended them to the log and before it has removed them.
   */
  async abandoned(tenantId: string, work: (em: SqlEntityManager) => unknown, { isAppended = false } = {}): Promise<void> {
    const rows = this.host.get(DeferredAuditRows);
    const append = rows.append.bind(rows);
    let tries = 0;
    rows.append = async (...given) => {
      if (isAppended) await append(...given);
      tries++;
      throw new Error('as good as dead');
    };
    try {
      await this.tenants.run(tenantId, async (em) => void (await work(em)));
      await until(() => tries > 0);
    } finally {
      rows.append = append;
    }
  }
}
