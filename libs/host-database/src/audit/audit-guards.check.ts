import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  DATABASE_OPTIONS,
  type DatabaseModuleOptions,
  DatabaseSettings,
  findMissingGuards,
  hasGuardedTables,
  UnitOfWork,
} from '../database/index.js';
import { Inject } from '@nestjs/common';
import { AuditGuardsMissingError } from './audit.errors.js';

/** Stops the boot where the database does not protect the log. */
@Injectable()
export class AuditGuardsCheck implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(DATABASE_OPTIONS) private readonly options: DatabaseModuleOptions,
  ) {}

  /** @throws AuditGuardsMissingError */
  async onModuleInit(): Promise<void> {
    const { type } = DatabaseSettings.from(this.options.database);
    // Whoever has the tables made elsewhere may boot before they are there.
    const isEarly = this.options.migrate === 'off' && !(await this.unitOfWork.run((em) => hasGuardedTables(em, type)));
    if (!isEarly) await this.verify();
  }

  /** @throws AuditGuardsMissingError */
  async verify(): Promise<void> {
    const { type } = DatabaseSettings.from(this.options.database);
    const missing = await this.unitOfWork.run((em) => findMissingGuards(em, type));
    if (missing.length > 0) throw new AuditGuardsMissingError(missing);
  }
}
