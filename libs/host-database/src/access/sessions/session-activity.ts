import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { Session } from './session.entity.js';

/** A session that is in use. */
export interface SessionUse {
  readonly lastSeenAt: Date;
  readonly idleExpiresAt: Date;
}

const BATCH_SIZE = 500;

/**
 * Writes when sessions were last used: behind the requests and apart from their transactions. While one batch is written the next one
 * gathers, so that there are as few statements as the database is slow.
 */
@Injectable()
export class SessionActivity implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Access');
  private readonly pending = new Map<string, SessionUse>();
  private writing: Promise<void> | undefined;

  constructor(private readonly unitOfWork: UnitOfWork) {}

  /** Has the use of a session written soon. */
  note(sessionId: string, use: SessionUse): void {
    this.pending.set(sessionId, use);
    this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
  }

  /** Resolves when all that was noted is written. */
  async settled(): Promise<void> {
    await this.writing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.settled();
  }

  private async writeAll(): Promise<void> {
    while (this.pending.size > 0) {
      const batch = [...this.pending].slice(0, BATCH_SIZE);
      for (const [id] of batch) this.pending.delete(id);
      try {
        await this.write(new Map(batch));
      } catch (error) {
        // They are noted again when they are used a minute later.
        this.logger.warn(`The use of ${batch.length} sessions could not be written: ${String(error)}`);
      }
    }
  }

  private async write(batch: ReadonlyMap<string, SessionUse>): Promise<void> {
    await this.unitOfWork.run(async (em) => {
      const sessions = await em.find(Session, { id: { $in: [...batch.keys()] }, revokedAt: null });
      for (const session of sessions) {
        const use = batch.get(session.id);
        // Another process may have seen it later.
        if (use && use.lastSeenAt > session.lastSeenAt) Object.assign(session, use);
      }
    });
  }
}
