import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { genId, type HostDatabaseOptions } from 'nestjs-host-database';
import { AccessChanges, Session, SessionsService, TenantAccess, TenantMessages } from 'nestjs-host-database/access';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { UsersService } from 'nestjs-host-database/users';
import { type AccessArena, type Gate, openAccessArena, type Somebody } from '../support/access-arena.js';
import { onNativeClient } from '../support/native-client.js';
import { until } from '../support/until.js';

const IN = { outcome: 'in', statements: 0 };
const DENIED = 'ACCESS_TENANT_DENIED';
const NOBODY = 'ACCESS_NOT_AUTHENTICATED';
/** Long enough that a catalogue that was asked once is not asked again by itself. */
const CATALOGUE: HostDatabaseOptions = { tenantDatabases: { catalogTtlMs: 600_000 } };

describe.each(['sqlite', 'postgresql'] as const)(`${AccessChanges.name} on %s`, (type) => {
  let arena: AccessArena;

  beforeAll(async () => {
    arena = await openAccessArena(type);
  });
  afterEach(() => arena.endGates());
  afterAll(async () => {
    await arena.close();
  });

  /** A process that answers from memory. */
  const startGate = async () => {
    const gate = await arena.startGate(CATALOGUE);
    const somebody = await arena.newMember();
    await gate.enter(somebody);
    await until(() => gate.hears(), 20_000);
    return gate;
  };
  /** Has a process remember somebody; what it remembers, it does not ask for. */
  const known = async (gate: Gate, somebody: Somebody, sessionId?: string) => {
    await until(async () => {
      const answer = await gate.enter(somebody, sessionId);
      expect(answer.outcome).toBe('in');
      return answer.statements === 0;
    });
    return somebody;
  };
  const change = (work: () => unknown) => arena.host.run(async () => void (await work()));

  it('has a member who was removed refused by every other process at the very next request', async () => {
    const gates = [await startGate(), await startGate()];
    for (let round = 0; round < 10; round++) {
      const [leaver, stayer] = [await arena.newMember(), await arena.newMember()];
      for (const gate of gates) await known(gate, leaver).then(() => known(gate, stayer));
      await change(() => arena.get(MembershipsService).end(leaver));
      const answers = await Promise.all(gates.map((gate) => gate.enter(leaver)));
      expect(answers.map(({ outcome }) => outcome)).toEqual([DENIED, DENIED]);
      // The control: who was not removed goes on to be let in from memory.
      expect(await Promise.all(gates.map((gate) => gate.enter(stayer)))).toEqual([IN, IN]);
      await change(() => arena.get(MembershipsService).grant(leaver));
      expect(await gates[0]?.enter(leaver)).toMatchObject({ outcome: 'in' });
    }
  }, 120_000);

  it('waits with the outermost commit, and not for what is rolled back', async () => {
    const gate = await startGate();
    const leaver = await known(gate, await arena.newMember());
    const rolledBack = change(() =>
      arena.host.transactional(async () => {
        await arena.get(MembershipsService).end(leaver);
        throw new Error('roll back');
      }),
    );
    await expect(rolledBack).rejects.toThrow('roll back');
    expect(await gate.enter(leaver)).toMatchObject({ outcome: 'in' });
    await change(() => arena.host.transactional(() => arena.get(MembershipsService).end(leaver)));
    expect(await gate.enter(leaver)).toMatchObject({ outcome: DENIED });
  }, 60_000);

  it('tells of people who may not sign in any more, and of sessions that were revoked', async () => {
    const gate = await startGate();
    const [deactivated, signedOut] = [await arena.newMember(), await arena.newMember()];
    await known(gate, deactivated);
    await change(async () => {
      const user = await arena.host.globalUsers.findOneOrFail(deactivated.userId);
      user.deactivatedAt = new Date();
    });
    expect(await gate.enter(deactivated)).toMatchObject({ outcome: NOBODY });

    const sessionId = genId();
    const later = new Date(Date.now() + 60_000);
    const facts = { transport: 'bearer', tokenHash: genId() + genId(), rotatedAt: new Date(), lastSeenAt: new Date() } as const;
    const ends = { idleExpiresAt: later, expiresAt: later };
    await change(() => arena.host.em.create(Session, { id: sessionId, user: signedOut.userId, ...facts, ...ends }));
    await known(gate, signedOut, sessionId);
    await change(async () => {
      const session = await arena.host.em.findOneOrFail(Session, sessionId);
      session.revokedAt = new Date();
    });
    expect(await gate.enter(signedOut, sessionId)).toMatchObject({ outcome: NOBODY });
    // The control: without that session they are let in.
    expect(await gate.enter(signedOut)).toMatchObject({ outcome: 'in' });
  }, 60_000);

  it('has a session that was revoked refused by every other process at the very next request', async () => {
    const gate = await startGate();
    const spread = jest.spyOn(arena.get(AccessChanges), 'spread');
    for (let round = 0; round < 5; round++) {
      const member = await arena.newMember();
      const { userId } = member;
      const open = () => arena.host.run(() => arena.get(SessionsService).open({ userId, transport: 'bearer' }));
      const [revoked, other] = [(await open()).session.id, (await open()).session.id];
      await known(gate, member, revoked);
      spread.mockClear();
      await change(() => arena.get(SessionsService).revoke({ userId, sessionId: revoked }));
      // On SQLite each process looks for itself.
      expect(spread.mock.calls.length > 0).toBe(type === 'postgresql');
      expect(await gate.enter(member, revoked)).toMatchObject({ outcome: NOBODY });
      expect(await gate.enter(member, other)).toMatchObject({ outcome: 'in' });
    }
    spread.mockRestore();
  }, 60_000);

  it('tells of what plain SQL has changed', async () => {
    const gate = await startGate();
    const leaver = await known(gate, await arena.newMember());
    const sql = `update core_memberships set is_active = ${type === 'sqlite' ? '0' : 'false'} where user_id = '${leaver.userId}'`;
    await arena.host.run(() => onNativeClient(arena.host.em, sql));
    await until(async () => (await gate.enter(leaver)).outcome === DENIED);
    // And goes on to be so, from memory.
    expect(await gate.enter(leaver)).toMatchObject({ outcome: DENIED });
  }, 60_000);

  it('asks the database nothing for whom it knows, and each time where it does not hear', async () => {
    const gate = await startGate();
    const member = await known(gate, await arena.newMember());
    for (let request = 0; request < 200; request++) expect(await gate.enter(member)).toEqual(IN);

    const forgetful = await arena.startGate({ ...CATALOGUE, access: { memory: { ttlMs: 0 } } });
    for (let request = 0; request < 20; request++) {
      const answer = await forgetful.enter(member);
      expect(answer.outcome).toBe('in');
      expect(answer.statements).toBeGreaterThan(0);
    }
  }, 60_000);

  it('counts nothing that was read inside a transaction', async () => {
    const member = await arena.newMember();
    const access = arena.get(TenantAccess);
    const enter = () => access.enter(member.tenantId);
    const inside = access.inOwnContext({ actorUserId: member.userId }, () =>
      arena.host.transactional(async () => {
        await arena.get(MembershipsService).end(member);
        await enter();
      }),
    );
    await expect(inside).rejects.toMatchObject({ code: DENIED });
    await expect(access.inOwnContext({ actorUserId: member.userId }, enter)).resolves.toMatchObject(member);
  });

  it('remembers nobody as a transaction that was rolled back had them', async () => {
    const { userId: actorUserId } = await arena.newMember();
    const stands = () => arena.get(TenantMessages).assertStanding({ actorUserId });
    await until(async () => {
      await arena.host.run(stands);
      return arena.get(AccessChanges).isCurrent();
    });
    const another = (await arena.newMember()).userId;
    const anotherStands = () => arena.get(TenantMessages).assertStanding({ actorUserId: another });
    const inside = arena.host.run(() =>
      arena.host.transactional(async () => {
        await arena.get(UsersService).deactivate(another);
        await anotherStands();
      }),
    );
    await expect(inside).rejects.toMatchObject({ code: NOBODY });
    await expect(arena.host.run(anotherStands)).resolves.toBeUndefined();
  });
});

describe(`${AccessChanges.name} on postgresql, where another process does not answer`, () => {
  let arena: AccessArena;

  beforeAll(async () => {
    arena = await openAccessArena('postgresql');
  });
  afterAll(async () => {
    await arena.close();
  });

  it('goes on after a second, and the other one refuses once it goes on itself', async () => {
    const gate = await arena.startGate(CATALOGUE);
    const leaver = await arena.newMember();
    await until(async () => (await gate.enter(leaver)).statements === 0, 20_000);
    gate.program.child.kill('SIGSTOP');
    const since = performance.now();
    await arena.host.run(() => arena.get(MembershipsService).end(leaver));
    // It has waited: the server knew that somebody was there.
    expect(performance.now() - since).toBeGreaterThanOrEqual(900);
    gate.program.child.kill('SIGCONT');
    await until(async () => (await gate.enter(leaver)).outcome === DENIED);
  }, 60_000);

  it('remembers nothing where notifications are switched off', async () => {
    const gate = await arena.startGate({ ...CATALOGUE, tenantDirectory: { notifications: false } });
    const member = await arena.newMember();
    for (let request = 0; request < 20; request++) {
      const answer = await gate.enter(member);
      expect(answer.outcome).toBe('in');
      expect(answer.statements).toBeGreaterThan(0);
    }
    expect(await gate.hears()).toBe(false);
  }, 60_000);
});
