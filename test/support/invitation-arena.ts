import {
  ContextService,
  type DatabaseType,
  genId,
  type GlobalUser,
  type HostContext,
  type HostDatabaseOptions,
  UnitOfWork,
} from 'nestjs-host-database';
import {
  type InvitationSummary,
  InvitationsService,
  MembershipsService,
  type MembershipRole,
  type NewInvitation,
} from 'nestjs-host-database/memberships';
import { TenantCatalog } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { type Mail, Mailer } from 'nestjs-host-database/users';

type InvitationMail = Extract<Mail, { readonly template: 'invitation' }>;

/** Keeps invitations instead of sending them. */
export class InvitationOutbox extends Mailer {
  readonly mails: InvitationMail[] = [];
  readonly ids: string[] = [];
  /** What the next mail fails with, once it has been made. */
  failure: ((mail: Mail) => unknown) | undefined;

  async send(mail: Mail, { id }: { readonly id: string }): Promise<void> {
    const { failure } = this;
    this.failure = undefined;
    if (mail.template === 'invitation') this.mails.push(mail);
    this.ids.push(id);
    if (failure) throw failure(mail);
  }

  /** The newest token that was sent to an address. */
  tokenTo(email: string): string {
    const mail = this.mails.findLast(({ to }) => to === email);
    if (!mail) throw new Error(`Nothing was sent to ${email}.`);
    return mail.data.token;
  }
}

/** An invitation, and the token that was mailed. */
export interface Sent extends InvitationSummary {
  readonly token: string;
}

/** A host in which people invite each other. */
export interface InvitationArena {
  readonly host: TestHost;
  readonly sut: InvitationsService;
  readonly outbox: InvitationOutbox;
  /** Makes a tenant that can be entered, though nobody looks into its database, and its owner. */
  newTenant(): Promise<{ readonly tenantId: string; readonly ownerId: string }>;
  /** Makes a person whose address is verified. */
  newUser(email?: string): Promise<GlobalUser>;
  /** Makes a person whose address is verified a member. */
  newMember(tenantId: string, role: MembershipRole, customRoleId?: string): Promise<string>;
  /** Runs `work` as somebody. */
  as<T>(actorUserId: string, work: () => Promise<T>, facts?: HostContext): Promise<T>;
  /** Invites as somebody, and has it mailed. */
  invite(by: string, invitation: Partial<NewInvitation> & Pick<NewInvitation, 'tenantId'>): Promise<Sent>;
  resend(by: string, id: string): Promise<Sent>;
  accept(userId: string, token: string): Promise<{ readonly id: string; readonly role: MembershipRole }>;
  /** The membership of a person, ended or not. */
  membershipOf(userId: string, tenantId: string): Promise<unknown>;
  statusOf(by: string, sent: InvitationSummary): Promise<string | undefined>;
  sql<T extends object>(text: string, values?: unknown[]): Promise<T[]>;
  /** The audit events of an invitation, the oldest first. */
  eventsOf(
    invitationId: string,
  ): Promise<{ readonly eventType: string; readonly details: unknown; readonly actorUserId: unknown }[]>;
  changeUser(userId: string, facts: Partial<GlobalUser>): Promise<void>;
  suspend(tenantId: string, isSuspended: boolean): Promise<void>;
}

/** Starts one. */
export async function openInvitationArena(
  database: DatabaseType,
  options: Omit<HostDatabaseOptions, 'database' | 'users'> = {},
): Promise<InvitationArena> {
  const outbox = new InvitationOutbox();
  const host = await createTestHost({ database, options: { ...options, users: { mailer: outbox } } });
  const [sut, context, memberships] = [host.get(InvitationsService), host.get(ContextService), host.get(MembershipsService)];
  const { em } = host.get(UnitOfWork);

  const as: InvitationArena['as'] = (actorUserId, work, facts) => context.run({ actorUserId, ...facts }, () => host.run(work));
  const changeUser: InvitationArena['changeUser'] = (userId, facts) =>
    host.run(async () => {
      const user = await host.hostDatabase.globalUsers.findOneOrFail(userId);
      Object.assign(user, facts);
      await em.flush();
    });
  const newUser: InvitationArena['newUser'] = async (email) => {
    const user = await host.newUser(email === undefined ? {} : { email });
    await changeUser(user.id, { emailVerifiedAt: host.clock.now() });
    return user;
  };
  const mailed = async (summary: InvitationSummary): Promise<Sent> => {
    await host.jobs.drain({ types: ['memberships.mail-invitation'] });
    return { ...summary, token: outbox.tokenTo(summary.email) };
  };
  const newMember: InvitationArena['newMember'] = async (tenantId, role, customRoleId) => {
    const { id: userId } = await newUser();
    await host.run(async () => {
      const membership = await memberships.grant({ userId, tenantId, role });
      if (customRoleId === undefined) return;
      em.assign(membership, { customRole: customRoleId });
      await em.flush();
    });
    return userId;
  };
  return {
    host,
    sut,
    outbox,
    as,
    newUser,
    newMember,
    changeUser,
    async newTenant() {
      const id = genId();
      const place = { dbUrl: `postgresql://localhost/none_${id}`, status: 'active', isActive: true } as const;
      await host.run(async () => {
        em.create(TenantCatalog, { id, name: `Tenant ${id}`, ...place });
        await em.flush();
      });
      return { tenantId: id, ownerId: await newMember(id, 'owner') };
    },
    invite: async (by, invitation) =>
      mailed(await as(by, () => sut.create({ email: `${genId()}@example.com`, role: 'member', ...invitation }))),
    resend: async (by, id) => mailed(await as(by, () => sut.resend(id))),
    accept: (userId, token) =>
      as(userId, async () => {
        const { id, role } = await sut.accept(token);
        return { id, role };
      }),
    membershipOf: (userId, tenantId) =>
      host.run(async () => {
        const membership = await memberships.find({ userId, tenantId });
        return (
          membership && { role: membership.role, isActive: membership.isActive, customRoleId: membership.customRole?.id ?? null }
        );
      }),
    statusOf: (by, { id, tenantId }) =>
      as(by, async () => (await sut.list(tenantId)).items.find((item) => item.id === id)?.status),
    sql: (text, values = []) => host.run(() => em.execute(text, values)),
    eventsOf: (invitationId) =>
      host.run(async () => {
        const rows = await host.hostDatabase.auditLogs.find({ targetId: invitationId }, { orderBy: { id: 'asc' } });
        return rows.map(({ eventType, details, actorUserId }) => ({ eventType, details, actorUserId }));
      }),
    suspend: (tenantId, isSuspended) =>
      host.run(async () => {
        const tenant = await host.hostDatabase.tenantCatalogs.findOneOrFail(tenantId);
        Object.assign(tenant, { status: isSuspended ? 'suspended' : 'active', isActive: !isSuspended });
        await em.flush();
      }),
  };
}
