import { genId } from '../common/index.js';
import type { UnitOfWork } from '../database/index.js';
import type { JobsService } from '../jobs/index.js';
import type { Membership, MembershipRole, MembershipsService } from '../memberships/index.js';
import { type NewTenant, PROVISION_TENANT_JOB, type TenantCatalog, type TenantsService } from '../tenants/index.js';
import type { GlobalUser, NewUser, UsersService } from '../users/index.js';

/** The services that the builders work through. */
export interface BuilderServices {
  readonly unitOfWork: UnitOfWork;
  readonly users: UsersService;
  readonly tenants: TenantsService;
  readonly memberships: MembershipsService;
  readonly jobs: JobsService;
}

/** A tenant to build. */
export interface BuildTenant extends Partial<NewTenant> {
  /** Whether its database is made, so that it can be entered. @default true */
  readonly provisioned?: boolean;
}

/** A membership to build; a user or tenant that is not given is built too. */
export interface BuildMembership {
  readonly userId?: string;
  readonly tenantId?: string;
  readonly role?: MembershipRole;
}

/** A tenant and the user who owns it. */
export interface OwnedTenant {
  readonly tenant: TenantCatalog;
  readonly owner: GlobalUser;
}

/** Make what a test is not about: each writes real rows through the real services, and fills in what is not given. */
export class Builders {
  constructor(private readonly services: BuilderServices) {}

  async newUser(facts: Partial<NewUser> = {}): Promise<GlobalUser> {
    const { unitOfWork, users } = this.services;
    return unitOfWork.run(() => users.create({ email: `user-${genId()}@example.com`, ...facts }));
  }

  async newTenant({ provisioned = true, ...facts }: BuildTenant = {}): Promise<TenantCatalog> {
    const { unitOfWork, tenants, jobs } = this.services;
    const tenant = await unitOfWork.run(() => tenants.create({ name: `Tenant ${genId()}`, ...facts }));
    if (!provisioned) return tenant;
    // The jobs of the test itself run when it says so.
    await jobs.runPending({ types: [PROVISION_TENANT_JOB] });
    return unitOfWork.run(() => tenants.whenActive(tenant.id, { timeoutMs: 60_000 }));
  }

  /** Two tenants that are to know nothing of each other, each with an owner. */
  async newTwoTenants(): Promise<{ readonly a: OwnedTenant; readonly b: OwnedTenant }> {
    const owned = async (name: string): Promise<OwnedTenant> => {
      const owner = await this.newUser();
      return { owner, tenant: await this.newTenant({ name, ownerId: owner.id }) };
    };
    return { a: await owned('Tenant A'), b: await owned('Tenant B') };
  }

  async newMembership({ role, ...given }: BuildMembership = {}): Promise<Membership> {
    const { unitOfWork, memberships } = this.services;
    const userId = given.userId ?? (await this.newUser()).id;
    const tenantId = given.tenantId ?? (await this.newTenant()).id;
    return unitOfWork.run(() => memberships.grant({ userId, tenantId, ...(role && { role }) }));
  }
}
