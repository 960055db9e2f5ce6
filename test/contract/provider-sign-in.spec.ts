import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId, type HostContext, InvalidIdError } from 'nestjs-host-database';
import {
  InvalidReturnToError,
  NotWhileImpersonatingError,
  ProviderSignIn,
  SignInFlow,
  SignInInTransactionError,
  SignInStateError,
  UnknownSignInProviderError,
} from 'nestjs-host-database/access';
import { JobSchedulesService, JobsService } from 'nestjs-host-database/jobs';
import { IdentityLinkRequiredError, UserEvents, UserIdentities, UserPasswordChanged } from 'nestjs-host-database/users';
import { PUBLIC_URL, SignInArena } from '../support/sign-in-arena.js';

const MINUTE_MS = 60_000;
const REMOVAL = 'access.remove-sign-in-flows';

describe.each(['sqlite', 'postgresql'] as const)(`${ProviderSignIn.name} on %s`, (database) => {
  let arena: SignInArena;

  beforeAll(async () => {
    arena = await SignInArena.start(database);
  });
  afterAll(async () => {
    await arena.close();
  });

  describe('begin', () => {
    it('sends the browser to the provider with PKCE, state and nonce, and binds the way to it', async () => {
      const { url, cookie } = await arena.host.run(() => arena.sut.begin({ provider: 'acme' }));
      const { origin, searchParams } = new URL(url);
      expect(origin).toBe(arena.acme.issuer);
      expect(Object.fromEntries(searchParams)).toEqual({
        client_id: expect.any(String),
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: 'S256',
        nonce: expect.stringMatching(/^[\w-]{43}$/),
        redirect_uri: `${PUBLIC_URL}/auth/acme/callback`,
        response_type: 'code',
        scope: 'openid email',
        state: expect.stringMatching(/^[\w-]{43}$/),
      });
      expect(cookie).toMatch(/^__Host-sign-in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    });

    it('keeps neither what comes back nor what the browser has', async () => {
      const { url, cookie } = await arena.begin();
      const state = new URL(url).searchParams.get('state') ?? '';
      const rows: object[] = await arena.host.run(() => arena.host.hostDatabase.em.execute('select * from sys_sign_in_flows'));
      expect(rows.length).toBeGreaterThan(0);
      const stored = JSON.stringify(rows);
      expect(stored).not.toContain(state);
      expect(stored).not.toContain(cookie.split('=')[1]);
    });

    it('asks the issuer once where its endpoints are, for all who come at once', async () => {
      const asked = () => arena.wire.counts.get('/.well-known/openid-configuration') ?? 0;
      await arena.begin();
      const before = asked();
      await Promise.all(Array.from({ length: 5 }, () => arena.begin()));
      expect(asked()).toBe(before);
      arena.host.clock.advance(61 * MINUTE_MS);
      await Promise.all(Array.from({ length: 5 }, () => arena.begin()));
      expect(asked()).toBe(before + 1);
    });

    it.each(['nobody', 'constructor', '__proto__', ''])('refuses %p as a provider', async (provider) => {
      const error = await arena.begin({ provider }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ constructor: UnknownSignInProviderError, providers: ['acme', 'globex'] });
      expect((await arena.refusals())[0]).toMatchObject({
        outcome: 'denied',
        details: { provider: null, reason: 'ACCESS_SIGN_IN_PROVIDER_UNKNOWN' },
      });
    });

    it('refuses to lead anybody out of the application', async () => {
      const before = await arena.countFlows();
      await expect(arena.begin({ returnTo: '//evil.example' })).rejects.toBeInstanceOf(InvalidReturnToError);
      expect(await arena.countFlows()).toBe(before);
      expect((await arena.refusals())[0]).toMatchObject({ details: { provider: 'acme', reason: 'ACCESS_INVALID_RETURN_TO' } });
      await expect(arena.begin({ linkToUserId: '1' })).rejects.toBeInstanceOf(InvalidIdError);
    });

    it('lets nobody who acts as somebody else link an identity of their own', async () => {
      const { id } = await arena.host.newUser();
      const link = (context: HostContext) => arena.host.get(ContextService).run(context, () => arena.begin({ linkToUserId: id }));
      await expect(link({ actorUserId: id, impersonatorUserId: genId() })).rejects.toBeInstanceOf(NotWhileImpersonatingError);
      expect(await link({ actorUserId: id })).toMatchObject({ url: expect.stringContaining(arena.acme.issuer) });
    });
  });

  describe('finish', () => {
    it('registers who comes back, once, and says where they wanted to go', async () => {
      const person = arena.newPerson();
      const first = await arena.signIn(person, { returnTo: `${PUBLIC_URL}/projects?page=2` });
      expect(first).toMatchObject({ isNew: true, linked: false, returnTo: '/projects?page=2' });
      expect(first.user).toMatchObject({ email: person.email, emailVerifiedAt: arena.host.clock.now() });
      const second = await arena.signIn(person);
      expect(second).toMatchObject({ isNew: false, returnTo: '/', user: { id: first.user.id } });
      const identities = await arena.host.run(() => arena.host.get(UserIdentities).list(first.user.id));
      expect(identities).toMatchObject([{ provider: arena.acme.issuer, subject: person.sub }]);
    });

    it('takes the parameters as a framework has parsed them', async () => {
      const { url, cookie } = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      const params = Object.fromEntries(back.searchParams);
      const finished = arena.host.run(() => arena.sut.finish({ provider: 'acme', params, cookie: `other=1; ${cookie}` }));
      expect(await finished).toMatchObject({ isNew: true });
    });

    it('takes no parameter that is there twice', async () => {
      const { url, cookie } = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      const params = { ...Object.fromEntries(back.searchParams), state: back.searchParams.getAll('state').concat('x') };
      const finished = arena.host.run(() => arena.sut.finish({ provider: 'acme', params, cookie }));
      await expect(finished).rejects.toMatchObject({ constructor: SignInStateError, problem: 'missing' });
      expect(await arena.finish(back, cookie)).toMatchObject({ isNew: true });
    });

    it('is good for one way back', async () => {
      const { url, cookie } = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      expect(await arena.finish(back, cookie)).toMatchObject({ isNew: true });
      await expect(arena.finish(back, cookie)).rejects.toMatchObject({ constructor: SignInStateError, problem: 'unknown' });
      expect((await arena.refusals())[0]).toMatchObject({
        outcome: 'denied',
        details: { provider: 'acme', reason: 'ACCESS_SIGN_IN_STATE_INVALID', problem: 'unknown' },
      });
    });

    it('lets one of many through who bring the same way back at once', async () => {
      const { url, cookie } = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => arena.finish(back, cookie)));
      const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      expect(reasons).toHaveLength(7);
      for (const reason of reasons) expect(reason).toMatchObject({ constructor: SignInStateError, problem: 'unknown' });
    });

    it('does not use a state again after the provider has said no', async () => {
      const { url, cookie } = await arena.begin();
      const declined = await arena.acme.visit(url, 'declines');
      await expect(arena.finish(declined, cookie)).rejects.toMatchObject({ problem: 'access_denied' });
      const back = await arena.acme.visit(url, arena.newPerson());
      await expect(arena.finish(back, cookie)).rejects.toMatchObject({ constructor: SignInStateError, problem: 'unknown' });
    });

    it("refuses another browser, and leaves the first one's way open", async () => {
      const { url, cookie } = await arena.begin();
      const other = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      for (const foreign of [other.cookie, undefined, '', '__Host-sign-in=', 'sign-in=x']) {
        await expect(arena.finish(back, foreign)).rejects.toMatchObject({ problem: 'other-browser' });
      }
      expect(await arena.finish(back, cookie)).toMatchObject({ isNew: true });
    });

    it('ends both ways of a browser that has begun in two windows', async () => {
      const one = await arena.begin();
      const two = await arena.begin({ cookie: one.cookie });
      const person = arena.newPerson();
      const [first, second] = [await arena.acme.visit(one.url, person), await arena.acme.visit(two.url, person)];
      expect(await arena.finish(first, two.cookie)).toMatchObject({ isNew: true });
      expect(await arena.finish(second, two.cookie)).toMatchObject({ isNew: false });
    });

    it.each([undefined, '', 'made-up', 'A'.repeat(43)])('refuses %p as a state', async (state) => {
      const { cookie } = await arena.begin();
      const params = { code: 'x', ...(state !== undefined && { state }) };
      const finished = arena.host.run(() => arena.sut.finish({ provider: 'acme', params, cookie }));
      await expect(finished).rejects.toBeInstanceOf(SignInStateError);
    });

    it('takes ten minutes at most', async () => {
      const [soon, late] = [await arena.begin(), await arena.begin()];
      const person = arena.newPerson();
      arena.host.clock.advance(10 * MINUTE_MS - 1);
      expect(await arena.finish(await arena.acme.visit(soon.url, person), soon.cookie)).toMatchObject({ isNew: true });
      arena.host.clock.advance(1);
      const back = await arena.acme.visit(late.url, person);
      await expect(arena.finish(back, late.cookie)).rejects.toMatchObject({ problem: 'expired' });
      await expect(arena.finish(back, late.cookie)).rejects.toMatchObject({ problem: 'unknown' });
    });

    it("refuses one provider's way back at the address of another", async () => {
      const { url, cookie } = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      await expect(arena.finish(back, cookie, 'globex')).rejects.toMatchObject({ problem: 'other-provider' });
      const { url: again, cookie: theirs } = await arena.begin({ provider: 'globex' });
      const person = arena.newPerson();
      expect(await arena.finish(await arena.globex.visit(again, person), theirs, 'globex')).toMatchObject({ isNew: true });
    });

    it('asks no provider while a transaction is open', async () => {
      const { url, cookie } = await arena.begin();
      const back = await arena.acme.visit(url, arena.newPerson());
      const inside = arena.host.run(() =>
        arena.host.hostDatabase.transactional(() => arena.sut.finish({ provider: 'acme', params: back.searchParams, cookie })),
      );
      await expect(inside).rejects.toBeInstanceOf(SignInInTransactionError);
      expect(await arena.finish(back, cookie)).toMatchObject({ isNew: true });
    });

    it('does not give out an account for its address alone', async () => {
      const victim = await arena.host.newUser();
      const takeover = arena.signIn(arena.newPerson({ email: victim.email, email_verified: false }));
      await expect(takeover).rejects.toMatchObject({ constructor: IdentityLinkRequiredError, userId: victim.id });
      expect(await arena.host.run(() => arena.host.get(UserIdentities).list(victim.id))).toEqual([]);
    });
  });

  describe('linking', () => {
    it('adds an identity to the account of whoever is signed in, which then opens it', async () => {
      const user = await arena.host.newUser({ passwordHash: '$argon2id$' });
      const person = arena.newPerson();
      const finished = await arena.signIn(person, { linkToUserId: user.id, returnTo: '/account' });
      expect(finished).toMatchObject({ linked: true, isNew: false, returnTo: '/account', user: { id: user.id } });
      expect(await arena.signIn(person)).toMatchObject({ linked: false, isNew: false, user: { id: user.id } });
    });

    it('adds it to nobody else who has signed in meanwhile', async () => {
      const [user, other] = [await arena.host.newUser(), await arena.host.newUser()];
      const context = arena.host.get(ContextService);
      const linkAs = async (actorUserId: string) => {
        const { url, cookie } = await arena.begin({ linkToUserId: user.id });
        const back = await arena.acme.visit(url, arena.newPerson());
        return context.run({ actorUserId }, () => arena.finish(back, cookie));
      };
      await expect(linkAs(other.id)).rejects.toMatchObject({ constructor: SignInStateError, problem: 'other-user' });
      expect(await arena.host.run(() => arena.host.get(UserIdentities).list(user.id))).toEqual([]);
      expect(await linkAs(user.id)).toMatchObject({ linked: true });
    });

    it('is over once the password is changed: whoever began it may have known the former one', async () => {
      const [user, other] = [await arena.host.newUser(), await arena.host.newUser()];
      const begin = async (linkToUserId: string) => {
        const { url, cookie } = await arena.begin({ linkToUserId });
        return { back: await arena.acme.visit(url, arena.newPerson()), cookie };
      };
      const [ended, kept] = [await begin(user.id), await begin(other.id)];
      const changed = new UserPasswordChanged(user.id, 'reset');
      await arena.host.run(() => arena.host.get(UserEvents).emitPasswordChanged(changed));
      await expect(arena.finish(ended.back, ended.cookie)).rejects.toMatchObject({ problem: 'unknown' });
      expect(await arena.finish(kept.back, kept.cookie)).toMatchObject({ linked: true });
    });
  });

  describe('what nobody comes back for', () => {
    it('is removed by a job, and nothing else is', async () => {
      const schedule = await arena.host.run(() => arena.host.get(JobSchedulesService).getByName(REMOVAL));
      expect(schedule).toMatchObject({ jobType: REMOVAL, source: 'code' });
      await arena.begin();
      arena.host.clock.advance(10 * MINUTE_MS);
      const fresh = await arena.begin();
      await arena.host.run(() => arena.host.get(JobsService).enqueue(REMOVAL, null));
      await arena.host.runJobs();
      const left = await arena.host.run(() => arena.host.hostDatabase.em.find(SignInFlow, {}));
      expect(left).toHaveLength(1);
      expect(await arena.finish(await arena.acme.visit(fresh.url, arena.newPerson()), fresh.cookie)).toMatchObject({
        isNew: true,
      });
    });
  });

  it('knows its providers', () => {
    expect(arena.sut.providers).toEqual(['acme', 'globex']);
  });
});
