import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_SETTINGS, type DatabaseSettings, dialectOf, UnitOfWork } from '../database/index.js';
import { TenantOrmFactory } from './tenant-orm.factory.js';

/** Makes and removes the places where the data of tenants lives. Never in a transaction: a server cannot take them back. */
@Injectable()
export class TenantStorage {
  constructor(
    @Inject(DATABASE_SETTINGS) private readonly hostSettings: DatabaseSettings,
    private readonly unitOfWork: UnitOfWork,
    private readonly factory: TenantOrmFactory,
  ) {}

  /** Makes the place at this address, empty; does nothing where it exists. */
  async create(address: string): Promise<void> {
    await this.dialect.createDatabase(this.unitOfWork.em, this.factory.settingsOf(address));
  }

  /** Removes the place at this address with all that is in it, and cuts its connections; does nothing where there is none. */
  async drop(address: string): Promise<void> {
    await this.dialect.dropDatabase(this.unitOfWork.em, this.factory.settingsOf(address));
  }

  private get dialect() {
    return dialectOf(this.hostSettings.type);
  }
}
