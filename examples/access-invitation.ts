// An invitation reaches whoever reads the mail of an address, and nobody else.
import { ContextService } from 'nestjs-host-database';
import { InvitationsService } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';

const host = await createTestHost();
const invitations = host.get(InvitationsService);
// In a request, the guard has said who is asking.
const as = <T>(actorUserId: string, work: () => Promise<T>) =>
  host.get(ContextService).run({ actorUserId }, () => host.run(work));
const codeOf = (refused: Promise<unknown>) => refused.then(String, ({ code }: { code: string }) => code);

const owner = await host.newUser({ email: 'ada@example.com' });
const tenant = await host.newTenant({ name: 'Acme', ownerId: owner.id });

await as(owner.id, () => invitations.create({ tenantId: tenant.id, email: 'grace@example.com', role: 'admin' }));
await host.jobs.drain(); // the token is made where it is mailed
const { token } = host.mailer.lastTo('grace@example.com', 'invitation').data;

// The page behind the link, for anybody who has it.
const { tenantName, inviterEmail, role } = await host.run(() => invitations.preview(token));
console.log(`${inviterEmail} invites you to ${tenantName} as ${role}`);

const [eve, grace] = [
  await host.newUser({ email: 'eve@example.com', emailVerifiedAt: host.clock.now() }),
  await host.newUser({ email: 'grace@example.com' }),
];
console.log(await codeOf(as(eve.id, () => invitations.accept(token))));
console.log(await codeOf(as(grace.id, () => invitations.accept(token))));

await host.run(async () => {
  const user = await host.hostDatabase.globalUsers.findOneOrFail(grace.id);
  user.emailVerifiedAt = host.clock.now(); // in an application by EmailVerification
});
const membership = await as(grace.id, () => invitations.accept(token));
console.log(`Grace is ${membership.role}`);

await host.close();
