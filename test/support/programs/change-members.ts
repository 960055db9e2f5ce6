import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ContextService, type DatabaseOptions, HostDatabase, HostDatabaseError, HostDatabaseModule } from 'nestjs-host-database';
import { MembershipsService, TenantMembers } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { DONE, type MembershipStep } from '../membership-steps.js';

/** Does what each line of its input says, and answers with a line of what became of it. Ends with its input. */
@Module({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions,
      migrate: 'check',
      jobs: { worker: false },
    }),
  ],
})
class MembersModule {}

/** The part of the pool of `pg` that a check needs which is followed by an act, each a statement of its own. */
interface NativePool {
  connect(): Promise<{ query(sql: string, values?: readonly string[]): Promise<{ rows: { n: number }[] }>; release(): void }>;
}

const app = await NestFactory.createApplicationContext(MembersModule, { logger: ['error'] });
const host = app.get(HostDatabase);
const [memberships, members, users] = [app.get(MembershipsService), app.get(TenantMembers), app.get(UsersService)];

const as = (actorUserId: string, work: () => Promise<unknown>) =>
  app.get(ContextService).run({ actorUserId }, () => host.run(work));

/** In a transaction, and yet: of two that look at the same time, each sees the other. */
async function leaveUnlocked(tenantId: string, userId: string): Promise<void> {
  const pool = await host.run((em) => em.getConnection().getNativeClient() as Promise<NativePool>);
  const client = await pool.connect();
  try {
    await client.query('begin');
    const owners = `select count(*)::int as n from core_memberships where tenant_id = $1 and role = 'owner' and is_active`;
    const { rows } = await client.query(owners, [tenantId]);
    if ((rows[0]?.n ?? 0) > 1) {
      await client.query('update core_memberships set is_active = false where tenant_id = $1 and user_id = $2', [
        tenantId,
        userId,
      ]);
    }
    await client.query('commit');
  } finally {
    client.release();
  }
}

function perform(way: MembershipStep['way'], tenantId: string, userId: string): Promise<unknown> {
  switch (way) {
    case 'leave':
      return as(userId, () => members.leave(tenantId));
    case 'end':
      return host.run(() => memberships.end({ tenantId, userId }));
    case 'demote':
      return host.run(() => memberships.changeRole({ tenantId, userId, role: 'member' }));
    case 'deactivate':
      return host.run(() => users.deactivate(userId));
    case 'delete':
      return host.run(() => users.delete(userId));
    case 'grant':
      return host.run(() => memberships.grant({ tenantId, userId }));
    default:
      return leaveUnlocked(tenantId, userId);
  }
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return DONE;
  } catch (error) {
    return error instanceof HostDatabaseError ? error.code : String(error);
  }
}

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { way, tenantId, userIds } = JSON.parse(line) as MembershipStep;
  const outcomes = await Promise.all(userIds.map((userId) => outcomeOf(perform(way, tenantId, userId))));
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
}
await app.close();
