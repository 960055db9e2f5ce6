import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import { defineEntity, p } from '@mikro-orm/core';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';

/** Works in the tenant of the environment, in a process of its own, and says when it is refused and how its work has ended. */
const ASK_EVERY_MS = 10;
const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });
const { database, tenantDatabases } = JSON.parse(process.env.OPTIONS ?? '{}') as HostDatabaseOptions;
const tenantId = process.env.TENANT ?? '';

@Module({
  imports: [
    HostDatabaseModule.forRoot({ database, jobs: { worker: false }, tenantDatabases: { ...tenantDatabases, entities: [Note] } }),
  ],
})
class WorkModule {}

const app = await NestFactory.createApplicationContext(WorkModule, { logger: false });
const tenants = app.get(TenantDatabases);
const codeOf = (error: unknown) => String((error as { code?: unknown }).code);
const say = (line: string) => process.stdout.write(`${line}\n`);

const door = { isShut: false };
const work = tenants
  .run(tenantId, (em) =>
    em.transactional(async (transaction) => {
      await transaction.insert(Note, { id: 1, text: 'not committed' });
      say('working');
      // Until it is cut, or nobody is let in any more.
      while (!door.isShut || process.env.UNTIL_CUT) {
        await transaction.execute('select 1');
        await delay(ASK_EVERY_MS);
      }
    }),
  )
  .then(
    () => say('work done'),
    (error: unknown) => say(`work ${codeOf(error)}`),
  );
while (!door.isShut) {
  await tenants
    .run(tenantId, () => undefined)
    .catch((error: unknown) => {
      door.isShut = true;
      say(`refused ${codeOf(error)} at ${Date.now()}`);
    });
  await delay(ASK_EVERY_MS);
}
await work;
await app.close();
