import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import type { Mailer } from 'nestjs-host-database/users';

/** Starts an application in which people invite each other; several may share a database. */
export async function startInvitations(database: DatabaseOptions, mailer?: Mailer): Promise<INestApplicationContext> {
  const module = HostDatabaseModule.forRoot({ database, jobs: { worker: false }, users: mailer ? { mailer } : {} });
  return NestFactory.createApplicationContext(module, { logger: ['error'] });
}
