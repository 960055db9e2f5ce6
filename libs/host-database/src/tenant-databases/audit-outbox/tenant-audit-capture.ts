import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { assertText } from '../../common/index.js';
import { TenantBindings } from '../tenant-bindings.js';
import { TenantChangeCapture } from './tenant-change-capture.js';

/** The way to write the audited tables of a tenant directly, for a reason. */
@Injectable()
export class TenantAuditCapture {
  constructor(
    private readonly bindings: TenantBindings,
    private readonly capture: TenantChangeCapture,
  ) {}

  /**
   * Runs `work` with leave to write audited tables of the current tenant directly: bulk updates, imports, repairs. The rows that are
   * written so have no records of their own; one event of the tenant, `audit.capture-bypassed`, tells the reason and the tables. All of it
   * is in one transaction on the tenant's database, the caller's if there is one, and every direct write has to be on it: `em` and not
   * `em.getConnection()` or another fork.
   *
   * @throws NoTenantError, TenantRunEndedError outside a `run()`
   * @throws InvalidInputError without a reason
   * @throws UnauditedWriteError for a write outside that transaction
   */
  async allowing<T>(reason: string, work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    const given = assertText(reason, 'reason');
    return this.bindings.em.transactional(async (em) => {
      const { result, tables } = await this.capture.allow(em, work);
      if (tables.length > 0) {
        const details = { reason: given, tables: [...tables] };
        await this.capture.record(em, { eventType: 'audit.capture-bypassed', details });
      }
      return result;
    });
  }
}
