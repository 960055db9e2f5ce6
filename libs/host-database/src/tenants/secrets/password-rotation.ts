import { randomBytes } from 'node:crypto';
import { LockMode } from '@mikro-orm/core';
import { Inject, Injectable } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId } from '../../common/index.js';
import {
  DATABASE_SETTINGS,
  type DatabaseSettings,
  dialectOf,
  parseDatabaseUrl,
  UnitOfWork,
  type UserAdministration,
  withPassword,
} from '../../database/index.js';
import { TenantCatalog } from '../tenant-catalog.entity.js';
import { TenantNotFoundError } from '../tenants.errors.js';
import {
  PasswordNotRotatableError,
  type PasswordNotRotatableReason,
  PasswordRotationInTransactionError,
} from './secrets.errors.js';
import { TenantAddresses } from './tenant-addresses.js';
import { TenantServerUsers } from './tenant-server-users.js';

const PASSWORD_BYTES = 32;

/** Gives a tenant's own database user another password. */
@Injectable()
export class PasswordRotation {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: TenantAddresses,
    private readonly audit: AuditService,
    private readonly serverUsers: TenantServerUsers,
    @Inject(DATABASE_SETTINGS) private readonly host: DatabaseSettings,
  ) {}

  async run(tenantId: string): Promise<void> {
    const id = assertId(tenantId, 'tenant');
    const wasInTransaction = this.unitOfWork.isActive && this.unitOfWork.isInTransaction;
    // Whether the host's transaction has committed, for what waits for it on another server.
    const host = Promise.withResolvers<void>();
    host.promise.catch(() => undefined);
    let elsewhere: { readonly end: Promise<void> } | undefined;
    try {
      await this.unitOfWork.transactional(async (em) => {
        await em.flush();
        const tenant = await em.findOne(TenantCatalog, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
        if (!tenant) throw new TenantNotFoundError(id);
        if (tenant.dbUrl == null) throw new PasswordNotRotatableError(id, 'not-provisioned');
        const address = await this.addresses.reveal({ id, dbUrl: tenant.dbUrl });
        const { user, users } = this.ownUser(id, address);
        if (users && wasInTransaction) throw new PasswordRotationInTransactionError(id);
        const password = randomBytes(PASSWORD_BYTES).toString('base64url');
        if (users) elsewhere = await begun((altered) => users.changePassword(user, password, () => (altered(), host.promise)));
        // The server keeps its users beside all databases: on the host's own their change is part of this transaction, and so there is
        // no moment at which the catalogue and the server disagree.
        Object.assign(tenant, await this.addresses.seal(id, withPassword(address, password)));
        await em.flush();
        if (!users) await dialectOf(this.host.type).changePassword?.(em, user, password);
        await this.audit.record({
          eventType: 'tenants.database-password-rotated',
          tenantId: id,
          targetId: id,
          details: { user },
        });
      });
      host.resolve();
    } catch (error) {
      host.reject(error);
      await elsewhere?.end.catch(() => undefined);
      throw error;
    }
    await elsewhere?.end;
  }

  private ownUser(tenantId: string, address: string): TenantUser {
    const { type, user, password } = parseDatabaseUrl(address);
    const settings = this.host.forTenant(address, {});
    const { users, administrator } = this.serverUsers.at(address) ?? {};
    let reason: PasswordNotRotatableReason | undefined;
    if (type === 'sqlite') reason = 'no-users';
    else if (user === undefined || password === undefined) reason = 'no-own-user';
    else if (!users && !settings.isSameServer(this.host)) reason = 'other-server';
    else if (settings.isSameServer(this.host) && user === this.host.user) reason = 'user-of-the-host';
    else if (users && user === administrator) reason = 'administrator';
    if (reason) throw new PasswordNotRotatableError(tenantId, reason);
    return { user: settings.user, users };
  }
}

interface TenantUser {
  readonly user: string;
  /** Who changes it, where that is not the host's own transaction. */
  readonly users: UserAdministration | undefined;
}

/** Begins what ends only later: resolves, with the end, when `work` has called back, and rejects when it fails before that. */
async function begun(work: (onBegun: () => void) => Promise<void>): Promise<{ readonly end: Promise<void> }> {
  const begin = Promise.withResolvers<void>();
  const end = work(begin.resolve);
  end.catch(begin.reject);
  await begin.promise;
  return { end };
}
