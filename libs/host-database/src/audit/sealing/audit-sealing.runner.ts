import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { JOBS_OPTIONS, type JobsOptions } from '../../jobs/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditAnchoringService } from './audit-anchoring.service.js';
import { AuditSealer } from './audit-sealer.js';
import { endsWithin, RepeatingTask } from './repeating-task.js';
import { nextSealingInMs } from './sealing-pace.js';

const EVERY_MS = 5_000;
const ROWS_PER_CHECKPOINT = 1_000;
/** A shutdown does not wait long for a backlog: the next process takes it. */
const LAST_SEAL_BUDGET_MS = 2_000;
/** Nor for a signer or an anchor that does not answer: what they have not done is done by the next process. */
const GRACE_MS = 3_000;

/**
 * Seals the log, and hands checkpoints to the anchors, from the start of a process with a worker to its shutdown. With a timer and not with
 * jobs, of which there would be one every few seconds. An anchor that is slow or down holds up neither sealing nor the other anchors.
 */
@Injectable()
export class AuditSealingRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private tasks: readonly RepeatingTask[] = [];
  private sealedAtMs = 0;

  constructor(
    private readonly sealer: AuditSealer,
    private readonly anchoring: AuditAnchoringService,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
    @Inject(JOBS_OPTIONS) private readonly jobs: JobsOptions,
  ) {}

  onApplicationBootstrap(): void {
    const { sealing } = this.options;
    if (!sealing || !this.jobs.worker) return;
    const { everyMs = EVERY_MS, rowsPerCheckpoint = ROWS_PER_CHECKPOINT, anchors = [] } = sealing;
    const sealingTask = new RepeatingTask({
      run: () => this.seal(everyMs, rowsPerCheckpoint),
      retryMs: everyMs,
      onError: (error) => this.logger.error(`The audit log could not be sealed; it is tried again: ${String(error)}`),
    });
    const anchorTasks = anchors.map(
      (anchor) =>
        new RepeatingTask({
          run: async (signal) => {
            await this.anchoring.anchorTo(anchor, { signal });
            return everyMs;
          },
          retryMs: everyMs,
          onError: (error) =>
            this.logger.error(`The anchor ${anchor.name} has not kept checkpoints; it is tried again: ${String(error)}`),
        }),
    );
    this.tasks = [sealingTask, ...anchorTasks];
    this.sealedAtMs = performance.now();
    for (const task of this.tasks) task.start(everyMs);
  }

  /** Seals once more what was written until now. A signer or an anchor that does not answer holds up the shutdown for seconds only. */
  async beforeApplicationShutdown(): Promise<void> {
    const [sealing, ...anchors] = this.tasks;
    if (!sealing) return;
    this.tasks = [];
    const [isSealerFree] = await Promise.all([this.sealOnceMore(sealing), ...anchors.map((task) => task.stop(GRACE_MS))]);
    if (!isSealerFree) this.logger.error('The audit log could not be sealed at the shutdown in time; the next process does.');
  }

  /** Returns whether it was possible in time. */
  private async sealOnceMore(sealing: RepeatingTask): Promise<boolean> {
    if (!(await sealing.stop(GRACE_MS))) return false;
    const last = this.sealer.seal({ budgetMs: LAST_SEAL_BUDGET_MS }).catch((error: unknown) => {
      this.logger.error(`The audit log could not be sealed at the shutdown; the next process does: ${String(error)}`);
    });
    return endsWithin(last, LAST_SEAL_BUDGET_MS + GRACE_MS);
  }

  private async seal(everyMs: number, rowsPerCheckpoint: number): Promise<number> {
    const { sealed } = await this.sealer.seal();
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.sealedAtMs;
    this.sealedAtMs = nowMs;
    return nextSealingInMs({ everyMs, rowsPerCheckpoint, sealed, elapsedMs });
  }
}
