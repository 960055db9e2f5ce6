import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import { DeferredAuditRows } from 'nestjs-host-database/audit';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { newPatient, Patient, tenantDatabases, tenantEntities } from '../hospital.js';

const { DATABASE = '{}', DIRECTORY = '', TENANT = '', DIES = '' } = process.env;

/** Admits patients in the database of a tenant until it dies: where `DIES` says, or when it is killed. */
@Module({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(DATABASE) as DatabaseOptions,
      tenantDatabases: { ...tenantDatabases, directory: DIRECTORY },
      jobs: { worker: false },
      audit: { tenantEntities },
    }),
  ],
})
class HospitalModule {}

const app = await NestFactory.createApplicationContext(HospitalModule, { logger: ['error'] });
const rows = app.get(DeferredAuditRows);
const append = rows.append.bind(rows);
// Either is after the commit of the change; the second is before its row is removed from where it has waited.
if (DIES !== '') {
  rows.append = async (...given) => {
    if (DIES === 'after the log') await append(...given);
    process.kill(process.pid, 'SIGKILL');
    return [];
  };
}

process.stdout.write('ready\n');
for (;;) {
  await app.get(TenantDatabases).run(TENANT, (em) => void em.create(Patient, newPatient()));
  process.stdout.write('.');
}
