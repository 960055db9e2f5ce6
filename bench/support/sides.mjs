import { MikroORM } from '@mikro-orm/core';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabaseModule } from 'nestjs-host-database';

/** A Nest application with the module on a database, as a service gets it. The worker is off unless `options` say otherwise: its polls belong to no scenario. */
export async function startModule(database, tenantDatabases = {}, options = {}) {
  class Application {}
  Module({
    imports: [
      HostDatabaseModule.forRoot({
        database: database.host,
        jobs: { worker: false },
        // A user that is recorded is two rows: bare MikroORM writes one.
        audit: { capture: false },
        tenantDatabases: { directory: database.tenantDirectory, ...tenantDatabases },
        ...options,
      }),
    ],
  })(Application);
  return NestFactory.createApplicationContext(Application, { logger: ['error', 'warn'] });
}

/** MikroORM alone on the same database, with the same entities. */
export async function startBare(options, entities) {
  return MikroORM.init({ ...options, entities: [...entities] });
}
