import { AsyncLocalStorage } from 'node:async_hooks';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import { assertText } from '../../common/index.js';
import { StatementGuards, UnitOfWork } from '../../database/index.js';
import { UnauditedWriteError } from '../audit.errors.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditService } from '../audit.service.js';
import { AuditedEntities } from './audited-entities.js';
import { ChangeCaptureSubscriber } from './change-capture.subscriber.js';
import { ChangeRecorder } from './change-recorder.js';
import { refuseShadowOfLog } from './log-shadows.js';

/** Leave to write audited tables directly, for as long as some work runs. */
interface Allowance {
  readonly tables: Set<string>;
  /** That of the transaction in which the bypass is recorded; what another connection writes could be committed without it. */
  connection: object | undefined;
  isOpen: boolean;
}

/**
 * Sees to it that no change of an audited entity goes unrecorded: flushes are recorded, and every other statement that writes an
 * audited table is refused, whichever method of the EntityManager sends it. In force from the moment the tables are migrated, unless the option
 * `audit.capture` is off.
 */
@Injectable()
export class AuditCapture {
  private readonly allowances = new AsyncLocalStorage<Allowance>();

  constructor(
    orm: MikroORM,
    private readonly unitOfWork: UnitOfWork,
    private readonly guards: StatementGuards,
    private readonly entities: AuditedEntities,
    private readonly audit: AuditService,
    recorder: ChangeRecorder,
    @Inject(AUDIT_OPTIONS) { capture }: AuditOptions,
  ) {
    if (!capture) return;
    orm.em.getEventManager().registerSubscriber(new ChangeCaptureSubscriber(entities, guards, recorder));
    guards.guardWith((sql, connection) => {
      refuseShadowOfLog(sql);
      this.check(sql, connection);
    });
  }

  /**
   * Runs `work` with leave to write audited tables directly: bulk updates, imports, repairs. The rows that are written so have no
   * records of their own; one event, `audit.capture-bypassed`, tells the reason and the tables. All of it is in one transaction, the
   * caller's if there is one, and every direct write has to be on it: `em` and not `em.getConnection()` or another fork.
   *
   * @throws InvalidInputError without a reason
   * @throws UnauditedWriteError for a write outside that transaction
   */
  async allowing<T>(reason: string, work: (em: SqlEntityManager) => T | Promise<T>): Promise<T> {
    const given = assertText(reason, 'reason');
    return this.unitOfWork.transactional(async (em) => {
      const allowance: Allowance = { tables: new Set(), connection: undefined, isOpen: true };
      const result = await this.allowances.run(allowance, async () => {
        try {
          // The guard learns from it which connection is that of the transaction.
          await em.execute('select 1');
          return await work(em);
        } finally {
          allowance.isOpen = false;
        }
      });
      if (allowance.tables.size > 0) {
        const details = { reason: given, tables: [...allowance.tables].toSorted() };
        await this.audit.record({ eventType: 'audit.capture-bypassed', details });
      }
      return result;
    });
  }

  private check(sql: string, connection: object): void {
    const allowance = this.allowances.getStore();
    if (allowance?.isOpen) allowance.connection ??= connection;
    const written = this.entities.tables.writtenBy(sql);
    if (written.size === 0) return;
    const { flush } = this.guards;
    const tables = [...written].filter((table) => !flush?.tables.has(table));
    if (tables.length === 0) return;
    if (!allowance?.isOpen || allowance.connection !== connection) throw new UnauditedWriteError(tables);
    for (const table of tables) allowance.tables.add(table);
  }
}
