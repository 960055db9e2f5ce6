import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import {
  DATABASE_OPTIONS,
  type DatabaseModuleOptions,
  DatabaseSettings,
  findMissingTenantGuards,
  UnitOfWork,
} from '../../database/index.js';
import { TenantGuardsMissingError } from './lifecycle.errors.js';

/** Stops the boot where the database does not hold tenants to the rules of their lives. */
@Injectable()
export class TenantGuardsCheck implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(DATABASE_OPTIONS) private readonly options: DatabaseModuleOptions,
  ) {}

  /** @throws TenantGuardsMissingError */
  async onModuleInit(): Promise<void> {
    // Whoever has the tables made elsewhere may boot before they are there.
    if (this.options.migrate === 'off') return;
    const { type } = DatabaseSettings.from(this.options.database);
    const missing = await this.unitOfWork.run((em) => findMissingTenantGuards(em, type));
    if (missing.length > 0) throw new TenantGuardsMissingError(missing);
  }
}
