import { Logger } from '@nestjs/common';
import { JobHandler, ScheduledJob } from '../../jobs/index.js';
import type { AuditPartitions } from './audit-partitions.js';
import type { AuditRetention } from './audit-retention.js';

/** Removes what is old every night, once over all processes. There is one only where retention is configured. */
export class AuditRetentionJobs {
  private readonly logger = new Logger('Audit');

  constructor(
    private readonly retention: AuditRetention,
    private readonly partitions: AuditPartitions,
  ) {}

  @JobHandler('audit.purge-rows', { runsFor: 'host' })
  @ScheduledJob('30 3 * * *')
  async purge(): Promise<void> {
    await this.partitions.addMissing();
    const { rows, purgedThrough, kept } = await this.retention.purge();
    if (purgedThrough !== null) this.logger.log(`${rows} rows of the audit log were removed: their time was over.`);
    if (kept.length > 0) this.logger.warn(`Rows of the audit log are kept although their time is over: ${JSON.stringify(kept)}`);
  }
}
