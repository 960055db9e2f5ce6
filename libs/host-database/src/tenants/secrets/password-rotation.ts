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
  withPassword,
} from '../../database/index.js';
import { TenantCatalog } from '../tenant-catalog.entity.js';
import { TenantNotFoundError } from '../tenants.errors.js';
import { PasswordNotRotatableError, type PasswordNotRotatableReason } from './secrets.errors.js';
import { TenantAddresses } from './tenant-addresses.js';

const PASSWORD_BYTES = 32;

/** Gives a tenant's own database user another password. */
@Injectable()
export class PasswordRotation {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly addresses: TenantAddresses,
    private readonly audit: AuditService,
    @Inject(DATABASE_SETTINGS) private readonly host: DatabaseSettings,
  ) {}

  async run(tenantId: string): Promise<void> {
    const id = assertId(tenantId, 'tenant');
    await this.unitOfWork.transactional(async (em) => {
      await em.flush();
      const tenant = await em.findOne(TenantCatalog, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
      if (!tenant) throw new TenantNotFoundError(id);
      if (tenant.dbUrl == null) throw new PasswordNotRotatableError(id, 'not-provisioned');
      const address = await this.addresses.reveal({ id, dbUrl: tenant.dbUrl });
      const { changePassword } = dialectOf(this.host.type);
      const user = this.ownUser(id, address);
      if (!changePassword) throw new PasswordNotRotatableError(id, 'no-users');
      const password = randomBytes(PASSWORD_BYTES).toString('base64url');
      // The server keeps its users beside all databases: their change is part of this transaction, and so there is no moment at which
      // the catalogue and the server disagree.
      Object.assign(tenant, await this.addresses.seal(id, withPassword(address, password)));
      await em.flush();
      await changePassword(em, user, password);
      await this.audit.record({ eventType: 'tenants.database-password-rotated', tenantId: id, targetId: id, details: { user } });
    });
  }

  private ownUser(tenantId: string, address: string): string {
    const { type, user, password } = parseDatabaseUrl(address);
    const settings = this.host.forTenant(address, {});
    let reason: PasswordNotRotatableReason | undefined;
    if (type === 'sqlite') reason = 'no-users';
    else if (user === undefined || password === undefined) reason = 'no-own-user';
    else if (settings.host !== this.host.host || settings.port !== this.host.port) reason = 'other-server';
    else if (user === this.host.user) reason = 'user-of-the-host';
    if (reason) throw new PasswordNotRotatableError(tenantId, reason);
    return settings.user;
  }
}
