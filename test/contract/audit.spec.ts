import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import {
  AuditService,
  defineAuditEvents,
  detailsOf,
  type InferAuditEvents,
  UnknownAuditEventTypeError,
} from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const events = defineAuditEvents({
  'projects.archived': { details: detailsOf<{ before?: unknown; after?: unknown } | undefined>(), targetType: 'project' },
  'projects.shared': { details: detailsOf<{ with: string } | undefined>(), targetType: 'project', version: 2 },
});

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof events> {}
}

describe.each(['sqlite', 'postgresql'] as const)(`${AuditService.name} on %s`, (database) => {
  let host: TestHost;
  let sut: AuditService;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { audit: { events: [events] } } });
    sut = host.get(AuditService);
  });
  afterAll(async () => {
    await host.close();
  });

  it('records who did what to which thing, from where', async () => {
    const [actorUserId, targetId] = [genId(), genId()];
    const details = { before: { role: 'member' }, after: { role: 'admin' } };
    await host
      .get(ContextService)
      .run({ actorUserId, ipAddress: '2001:db8::1' }, () =>
        host.run(() => sut.record({ eventType: 'projects.archived', targetId, details })),
      );
    const [row] = await host.run(() => sut.findByTarget(targetId));
    expect(row).toMatchObject({
      actorUserId,
      targetId,
      details,
      eventType: 'projects.archived',
      ipAddress: '2001:db8::1',
      createdAt: host.clock.now(),
    });
  });

  it("vanishes with the caller's transaction", async () => {
    const targetId = genId();
    const work = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await sut.record({ eventType: 'projects.shared', targetId });
        throw new Error('no');
      }),
    );
    await expect(work).rejects.toThrow('no');
    expect(await host.run(() => sut.findByTarget(targetId))).toEqual([]);
  });

  it('fails the change whose event type is unknown', async () => {
    const work = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await host.hostDatabase.em.flush();
        await sut.recordUnchecked({ eventType: 'projects.archivd' }).catch(() => undefined);
      }),
    );
    await expect(work).rejects.toMatchObject({ cause: expect.any(UnknownAuditEventTypeError) });
  });

  it('keeps its rows when the person is deleted', async () => {
    const user = await host.newUser();
    await host.run(() => sut.record({ eventType: 'projects.shared', targetId: user.id }));
    await host.run(async () => {
      host.hostDatabase.em.remove(await host.hostDatabase.globalUsers.findOneOrFail({ id: user.id }));
    });
    const recorded = (await host.run(() => sut.findByTarget(user.id))).map(({ eventType }) => eventType);
    expect(recorded.toSorted()).toEqual(['projects.shared', 'users.created', 'users.deleted']);
  });

  it('returns the newest first, as many as asked for', async () => {
    const targetId = genId();
    for (const eventType of ['projects.archived', 'projects.shared', 'projects.archived'] as const) {
      host.clock.advance(1);
      await host.run(() => sut.record({ eventType, targetId }));
    }
    const rows = await host.run(() => sut.findByTarget(targetId, { limit: 2 }));
    expect(rows.map(({ eventType }) => eventType)).toEqual(['projects.archived', 'projects.shared']);
  });
});
