import { Inject, Injectable, Logger } from '@nestjs/common';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { assertText, Clock } from '../../common/index.js';
import { DATABASE_SETTINGS, type DatabaseSettings, UnitOfWork } from '../../database/index.js';
import { AuditService } from '../audit.service.js';
import { AuditSubjectKey } from './audit-subject-key.entity.js';
import { ErasureNotConfiguredError } from './erasure.errors.js';
import { PersonalData } from './personal-data.js';
import { SubjectKeys } from './subject-keys.js';
import { withSecureDelete, truncateWal } from './sqlite-traces.js';

const SUBJECT_MAX_LENGTH = 127;
/** Any constant will do, as long as every process uses the same: the ASCII codes of `eras`. */
const ERASURE_LOCK_KEY = 0x65726173;

/** Makes a person's data in the log unreadable. */
@Injectable()
export class AuditErasure {
  private readonly logger = new Logger('Audit');

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditService,
    private readonly personalData: PersonalData,
    private readonly keys: SubjectKeys,
    private readonly clock: Clock,
    @Inject(DATABASE_SETTINGS) private readonly settings: DatabaseSettings,
  ) {}

  /**
   * Drops the key of a person and records `privacy.subject-erased`, in the caller's transaction if there is one. Nobody can read the
   * person's data in the log again, rows that come later included; the rows and their hashes stay. Returns when that was done: for
   * somebody who is erased already it changes nothing.
   *
   * Other processes go on reading for 30 seconds at most. The wrapped key is overwritten in the file of SQLite; PostgreSQL keeps the
   * old version of its row until the table is vacuumed, and either's backups keep it for as long as they are kept. Ids of persons and
   * what an event type does not call personal stay readable.
   *
   * @throws ErasureNotConfiguredError, InvalidInputError
   */
  async eraseSubject(subjectId: string, { reason }: { readonly reason?: string } = {}): Promise<Date> {
    if (!this.personalData.isErasable) throw new ErasureNotConfiguredError();
    assertText(subjectId, 'subjectId', SUBJECT_MAX_LENGTH);
    const erasedAt = await this.unitOfWork.transactional(async (em) => {
      const erasedBefore = await this.lock(em, subjectId);
      if (erasedBefore) return erasedBefore;
      // First: it may need the person's key itself, where persons erase themselves.
      await this.audit.record({
        eventType: 'privacy.subject-erased',
        targetId: subjectId,
        ...(reason !== undefined && { details: { reason } }),
      });
      const now = this.clock.now();
      await this.dropKey(em, subjectId, now);
      this.unitOfWork.afterCommit(() => this.keys.forget(subjectId));
      return now;
    });
    await this.removeTraces();
    return erasedAt;
  }

  /** Returns when the person was erased. Two who erase the same one wait for each other. */
  private async lock(em: SqlEntityManager, subjectId: string): Promise<Date | null> {
    if (this.settings.type === 'postgresql') {
      await em.execute('select pg_advisory_xact_lock(?, hashtext(?))', [ERASURE_LOCK_KEY, subjectId]);
    }
    const key = await em.findOne(AuditSubjectKey, { subjectId }, { disableIdentityMap: true });
    return key?.erasedAt ?? null;
  }

  private async dropKey(em: SqlEntityManager, subjectId: string, now: Date): Promise<void> {
    const drop = async () => {
      // A person without a key gets a row too, so that none is made later.
      await em.upsert(
        AuditSubjectKey,
        { subjectId, wrappedKey: null, createdAt: now, erasedAt: now },
        { onConflictMergeFields: ['wrappedKey', 'erasedAt'], disableIdentityMap: true },
      );
    };
    await (this.settings.type === 'sqlite' ? withSecureDelete(em, drop) : drop());
  }

  private async removeTraces(): Promise<void> {
    if (this.settings.type !== 'sqlite') return;
    const truncate = () =>
      this.unitOfWork.run(truncateWal).catch((error: unknown) => {
        this.logger.warn(
          `The write-ahead log still has the key of an erased person, until its next checkpoint: ${String(error)}`,
        );
      });
    if (this.unitOfWork.isInTransaction) this.unitOfWork.afterCommit(() => void truncate());
    else await truncate();
  }
}
