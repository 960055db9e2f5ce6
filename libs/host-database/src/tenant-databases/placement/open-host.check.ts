import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf, UnitOfWork } from '../../database/index.js';
import { TenantCatalog } from '../../tenants/index.js';
import { TenantServers } from './tenant-servers.js';
import { TenantUserPolicy } from './tenant-user-policy.js';

/**
 * Warns at the boot where the database users of tenants may connect to the host's database: they can read nothing there, but they need not
 * get that far.
 */
@Injectable()
export class OpenHostCheck implements OnApplicationBootstrap {
  private readonly logger = new Logger('TenantDatabases');

  constructor(
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly policy: TenantUserPolicy,
    private readonly servers: TenantServers,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.policy.areOwn || !(await this.isOpen())) return;
    const { name } = this.hostSettings;
    this.logger.warn(
      `Every user of the server may connect to the host's database ${name}, and so may the database users of tenants. Let in those who ` +
        `need it, and nobody else: grant connect on database "${name}" to "<the application's role>"; revoke connect on database ` +
        `"${name}" from public;`,
    );
  }

  private async isOpen(): Promise<boolean> {
    const { isOpenToPublic } = dialectOf(this.hostSettings.type);
    if (!isOpenToPublic) return false;
    return this.unitOfWork.run(async (em) => (await this.hasTenantsBesideHost()) && isOpenToPublic(em));
  }

  /** Whether tenants live on the host's server, or are to. */
  private async hasTenantsBesideHost(): Promise<boolean> {
    const beside = this.servers.all.filter(({ settings }) => settings.isSameServer(this.hostSettings));
    if (beside.some(({ acceptsNew }) => acceptsNew)) return true;
    const server = { $in: beside.map(({ name }) => name) };
    return (await this.unitOfWork.em.findOne(TenantCatalog, { server }, { fields: ['id'] })) !== null;
  }
}
