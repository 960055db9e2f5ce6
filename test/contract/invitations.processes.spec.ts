import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ContextService, genId, HostDatabase } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { InvitationsService, MembershipsService } from 'nestjs-host-database/memberships';
import { TenantCatalog } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { startProgram } from '../support/child-process.js';
import { startInvitations } from '../support/invitation-application.js';
import { InvitationOutbox } from '../support/invitation-arena.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const PROCESSES = 2;
const EACH = 25;

describe.each(['sqlite', 'postgresql'] as const)('An invitation that several processes accept on %s', (type) => {
  let scratch: ScratchDatabase;
  const outbox = new InvitationOutbox();
  let app: Awaited<ReturnType<typeof startInvitations>>;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    app = await startInvitations(scratch.options, outbox);
  });
  afterEach(async () => {
    await app.close();
    await scratch.drop();
  });

  it('makes one membership, which all of them get', async () => {
    const [host, users] = [app.get(HostDatabase), app.get(UsersService)];
    const tenantId = genId();
    const { owner, invitee } = await host.run(async () => {
      const place = { dbUrl: `postgresql://localhost/none_${tenantId}`, status: 'active', isActive: true } as const;
      host.em.create(TenantCatalog, { id: tenantId, name: 'Tenant', ...place });
      const made = {
        owner: await users.create({ email: 'owner@example.com' }),
        invitee: await users.create({ email: 'invitee@example.com' }),
      };
      made.invitee.emailVerifiedAt = new Date();
      await host.em.flush();
      await app.get(MembershipsService).grant({ userId: made.owner.id, tenantId, role: 'owner' });
      return made;
    });
    await app
      .get(ContextService)
      .run({ actorUserId: owner.id }, () =>
        host.run(() => app.get(InvitationsService).create({ tenantId, email: invitee.email, role: 'member' })),
      );
    await app.get(JobsService).runPending();

    const env = {
      DATABASE: JSON.stringify(scratch.options),
      USER_ID: invitee.id,
      TOKEN: outbox.tokenTo(invitee.email),
      COUNT: String(EACH),
    };
    const programs = Array.from({ length: PROCESSES }, () => startProgram('accept-invitation', { env }));
    await Promise.all(programs.map((program) => program.said(/ready/)));
    for (const { child } of programs) child.stdin.write('go\n');
    const outcomes = await Promise.all(programs.map(({ ended }) => ended));
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(outcomes.map(() => ({ code: 0, stderr: '' })));
    const ids = outcomes.flatMap(({ stdout }) => JSON.parse(/outcomes (.*)/.exec(stdout)?.[1] ?? '[]') as string[]);
    expect(ids).toHaveLength(PROCESSES * EACH);
    const made = await host.run(() => app.get(MembershipsService).find({ userId: invitee.id, tenantId }));
    expect(new Set(ids)).toEqual(new Set([made?.id]));
    const accepted = await host.run(() => host.auditLogs.count({ eventType: 'memberships.invitation-accepted' }));
    expect(accepted).toBe(1);
  });
});
