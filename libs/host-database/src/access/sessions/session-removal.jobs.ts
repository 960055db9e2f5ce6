import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobRun, ScheduledJob } from '../../jobs/index.js';
import { Session } from './session.entity.js';

const DAY_MS = 86_400_000;
const BATCH_SIZE = 1_000;
/** The next run takes the others. */
const MAX_BATCHES = 100;

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'access.remove-sessions': null;
  }
}

/** Removes sessions a day after they ended: until then, who comes with one is told why it does not count. */
@Injectable()
export class SessionRemovalJobs {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  @ScheduledJob('17 * * * *')
  @JobHandler('access.remove-sessions', { runsFor: 'host' })
  async remove({ signal }: Pick<JobRun<'access.remove-sessions'>, 'signal'>): Promise<{ removed: number }> {
    const { em } = this.unitOfWork;
    const where = { expiresAt: { $lt: new Date(this.clock.now().getTime() - DAY_MS) } };
    let removed = 0;
    for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch++) {
      const over = await em.find(Session, where, {
        fields: ['id'],
        orderBy: { expiresAt: 'asc' },
        limit: BATCH_SIZE,
        disableIdentityMap: true,
      });
      if (over.length > 0) removed += await em.nativeDelete(Session, { id: { $in: over.map(({ id }) => id) } });
      if (over.length < BATCH_SIZE) break;
    }
    return { removed };
  }
}
