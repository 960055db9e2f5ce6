// What changes in a tenant's own database is recorded there, in the same transaction, and moved to the log of the host.
import { defineEntity, p } from '@mikro-orm/core';
import { genId } from 'nestjs-host-database';
import { AuditReader, defineAuditedEntity } from 'nestjs-host-database/audit';
import { TenantAuditCapture, TenantAuditRelay, TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { createTestHost } from 'nestjs-host-database/testing';

const PatientSchema = defineEntity({
  name: 'Patient',
  tableName: 'patients',
  properties: { id: p.string().length(32).primary().onCreate(genId), name: p.string(), ward: p.string().nullable() },
});
class Patient extends PatientSchema.class {}
PatientSchema.setClass(Patient);

const options = {
  tenantDatabases: { entities: [Patient] },
  audit: {
    tenantEntities: [defineAuditedEntity(Patient, { name: 'patients', personal: { subject: 'id', fields: ['name'] } })],
  },
};

const host = await createTestHost({ options });
const tenants = host.get(TenantDatabases);
const { id: tenantId } = await host.newTenant();

await tenants.run(tenantId, (em) => void em.create(Patient, { name: 'Florence', ward: 'A' }));

const moveAll = () => tenants.run(tenantId, (em) => em.nativeUpdate(Patient, { ward: 'A' }, { ward: 'B' }));
await moveAll().catch((error: { code: string }) => console.log(error.code));
await tenants.run(tenantId, () =>
  host.get(TenantAuditCapture).allowing('ward A is painted', (em) => em.nativeUpdate(Patient, { ward: 'A' }, { ward: 'B' })),
);

await host.get(TenantAuditRelay).relay(tenantId); // as the library does it by itself, a moment after each commit
const { rows } = await host.run(() => host.get(AuditReader).forTenant(tenantId).find({ order: 'oldest' }));
for (const { eventType, details } of rows.slice(-2)) console.log(eventType, JSON.stringify(details));

await host.close();
