import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, type UserAdministration } from '../../database/index.js';
import { TenantServerUsers } from '../../tenants/index.js';
import { TenantPlacementError } from '../tenant-databases.errors.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';
import { TenantServers } from './tenant-servers.js';
import { TenantUserPolicy } from './tenant-user-policy.js';

const PASSWORD_BYTES = 32;
/** What placement calls the database or the schema of a tenant, and so its user. */
const TENANT_NAME = /^tenant_([0-9a-f]{32})$/;

/** The database users of tenants: each may enter its tenant's own place, and no other. */
@Injectable()
export class TenantUsers implements OnModuleInit {
  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) private readonly options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly policy: TenantUserPolicy,
    private readonly servers: TenantServers,
    private readonly serverUsers: TenantServerUsers,
  ) {}

  onModuleInit(): void {
    this.serverUsers.use((address) => {
      const server = this.servers.besideHost(address);
      const users = server?.administration.users;
      return users && { users, administrator: server.settings.user };
    });
  }

  /**
   * Makes the user of the tenant whose place is at this address, or gives it a new password, and returns the address **with user and
   * password**, for `TenantsService.activate()`. The place exists. Returns the address as it is where tenants have no users of their own.
   *
   * Not part of a transaction of the caller.
   *
   * @throws TenantPlacementError when the place was not made by the library, or its server is none of the configured ones
   * @throws DatabaseUnreachableError
   */
  async create(address: string): Promise<string> {
    if (!this.policy.areOwn) return address;
    const { users, user, place } = this.userOf(address);
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    const { userRights: rights, userConnectionLimit: connectionLimit } = this.options;
    await users.create(place, { user, password, rights, connectionLimit });
    return place.as({ user, password }).toUriWithPassword();
  }

  /**
   * Removes the user of the tenant whose place is, or was, at this address, and cuts its connections; does nothing where there is none.
   * What the user owns stays, and is the administrator's.
   *
   * @throws DatabaseUnreachableError
   */
  async drop(address: string): Promise<void> {
    const found = this.find(address);
    if (found) await found.users.drop(found.place, found.user);
  }

  private userOf(address: string): TenantUser {
    const found = this.find(address);
    if (!found) throw new TenantPlacementError(this.hostSettings.forTenant(address, {}).name, 'not-made-here');
    return found;
  }

  private find(address: string): TenantUser | undefined {
    const server = this.servers.at(address);
    const users = server?.administration.users;
    if (!users) return undefined;
    const place = this.servers.administratorOf(address);
    const user = place.schema ?? place.name;
    return TENANT_NAME.test(user) ? { users, user, place } : undefined;
  }
}

interface TenantUser {
  readonly users: UserAdministration;
  readonly user: string;
  readonly place: DatabaseSettings;
}
