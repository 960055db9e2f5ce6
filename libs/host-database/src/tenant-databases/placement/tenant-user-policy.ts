import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InvalidOptionError } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings } from '../../database/index.js';
import { TenantAddresses } from '../../tenants/index.js';
import { TENANT_DATABASES_OPTIONS, type TenantDatabasesOptions } from '../tenant-databases.options.js';

/** Whether tenants have database users of their own. */
@Injectable()
export class TenantUserPolicy implements OnModuleInit {
  /** False on SQLite, whose files have no users. */
  readonly areOwn: boolean;

  private readonly hasSecrets: boolean;

  constructor(
    @Inject(TENANT_DATABASES_OPTIONS) options: TenantDatabasesOptions,
    @Inject(DATABASE_SETTINGS) { type }: DatabaseSettings,
    addresses: TenantAddresses,
  ) {
    this.hasSecrets = addresses.currentKeyId !== undefined;
    const wanted = options.users ?? (this.hasSecrets ? 'own' : 'shared');
    this.areOwn = wanted === 'own' && type === 'postgresql';
  }

  /** @throws InvalidOptionError when they are asked for and their passwords could not be kept */
  onModuleInit(): void {
    if (this.areOwn && !this.hasSecrets) {
      const problem = `is 'own', but there are no keys to encrypt their passwords with. Give the module the option secrets, or use 'shared'.`;
      throw new InvalidOptionError('tenantDatabases.users', problem);
    }
  }
}
