import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import { assertText } from '../../common/index.js';
import { StatementGuards, UnitOfWork } from '../../database/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditService } from '../audit.service.js';
import { AuditedEntities } from './audited-entities.js';
import { AuditedWrites } from './audited-writes.js';
import { ChangeCaptureSubscriber } from './change-capture.subscriber.js';
import { ChangeRecorder } from './change-recorder.js';
import { refuseShadowOfLog } from './log-shadows.js';

/**
 * Sees to it that no change of an audited entity of the host database goes unrecorded: flushes are recorded, and every other statement that
 * writes an audited table is refused, whichever method of the EntityManager sends it. In force from the moment the tables are migrated,
 * unless the option `audit.capture` is off.
 */
@Injectable()
export class AuditCapture {
  private readonly writes: AuditedWrites;

  constructor(
    orm: MikroORM,
    private readonly unitOfWork: UnitOfWork,
    guards: StatementGuards,
    entities: AuditedEntities,
    private readonly audit: AuditService,
    recorder: ChangeRecorder,
    @Inject(AUDIT_OPTIONS) { capture, entities: ofApplication }: AuditOptions,
  ) {
    entities.registerAll(ofApplication);
    this.writes = new AuditedWrites(entities, guards);
    if (!capture) return;
    orm.em.getEventManager().registerSubscriber(new ChangeCaptureSubscriber(entities, guards, recorder));
    guards.guardWith((sql, connection) => {
      refuseShadowOfLog(sql);
      this.writes.check(sql, connection);
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
      const { result, tables } = await this.writes.allow(em, work);
      if (tables.length > 0) {
        const details = { reason: given, tables: [...tables] };
        await this.audit.record({ eventType: 'audit.capture-bypassed', details });
      }
      return result;
    });
  }
}
