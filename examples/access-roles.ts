// What people do to the members of their tenant: nobody gives more than they have, and an owner stays.
import { ContextService } from 'nestjs-host-database';
import { RolesService, TenantMembers, TenantRoles } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';

const host = await createTestHost();
const [members, roles] = [host.get(TenantMembers), host.get(TenantRoles)];
// In a request, the guard has said who is asking.
const as = <T>(actorUserId: string, work: () => Promise<T>) =>
  host.get(ContextService).run({ actorUserId }, () => host.run(work));
const codeOf = (refused: Promise<unknown>) => refused.then(String, ({ code }: { code: string }) => code);

const [owner, admin, member] = [await host.newUser(), await host.newUser(), await host.newUser()];
const { id: tenantId } = await host.newTenant({ name: 'Acme', ownerId: owner.id });
await as(owner.id, () => members.add({ tenantId, userId: admin.id, role: 'admin' }));

await as(admin.id, async () => {
  const role = await roles.create({ tenantId, name: 'Host', permissions: ['members.read', 'invitations.manage'] });
  const membership = await members.add({ tenantId, userId: member.id, role: 'member', customRoleId: role.id });
  const { permissions } = await host.get(RolesService).authorityOf(membership);
  console.log(`${role.name} may: ${[...permissions].join(', ')}`);
});

const toOwner = { tenantId, userId: admin.id, role: 'owner' } as const;
console.log(await codeOf(as(admin.id, () => members.changeRole(toOwner))));
console.log(await codeOf(as(member.id, () => members.remove({ tenantId, userId: admin.id }))));
console.log(await codeOf(as(owner.id, () => members.leave(tenantId))));

await as(owner.id, () => members.transferOwnership({ tenantId, toUserId: admin.id }));
const { isActive } = await as(owner.id, () => members.leave(tenantId));
console.log(`the former owner is a member: ${isActive}`);

await host.close();
