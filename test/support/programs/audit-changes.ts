import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, genId, GlobalUser, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';

const CHANGES_AT_ONCE = 4;

const events = defineAuditEvents({ 'test.user-made': { details: detailsOf<undefined>(), targetType: 'user' } });
declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof events> {}
}

/** Makes users and records each, in transactions of the two orders, until it is killed. */
@Module({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions,
      jobs: { worker: false },
      audit: { events: [events] },
    }),
  ],
})
class ChangesModule {}

const app = await NestFactory.createApplicationContext(ChangesModule, { logger: ['error'] });
const [host, audit] = [app.get(HostDatabase), app.get(AuditService)];

async function makeUsers(isRecordedFirst: boolean): Promise<never> {
  for (;;) {
    const id = genId();
    const make = async () => {
      host.em.create(GlobalUser, { id, email: `${id}@example.com` });
      await host.em.flush();
    };
    const record = () => audit.record({ eventType: 'test.user-made', targetId: id });
    await host.run(() =>
      host.transactional(async () => {
        if (isRecordedFirst) await record();
        await make();
        if (!isRecordedFirst) await record();
      }),
    );
    process.stdout.write('.');
  }
}

process.stdout.write('ready\n');
await Promise.all(Array.from({ length: CHANGES_AT_ONCE }, (_, index) => makeUsers(index % 2 === 0)));
