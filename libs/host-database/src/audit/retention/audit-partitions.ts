import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DATABASE_OPTIONS, type DatabaseModuleOptions, DatabaseSettings, UnitOfWork } from '../../database/index.js';

/** How many months, this one included, have a partition after upkeep. */
const MONTHS = 13;
/** How many must have one, or their rows will be where retention does not reach them. */
const URGENT_MONTHS = 3;
/** Any constant will do, as long as every process uses the same: the ASCII codes of `part`. */
const PARTITIONS_LOCK_KEY = 0x70617274;

/** Keeps months of the log ahead of time on PostgreSQL, each in a partition of its own. SQLite has none. */
@Injectable()
export class AuditPartitions implements OnApplicationBootstrap {
  private readonly logger = new Logger('Audit');

  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(DATABASE_OPTIONS) private readonly options: DatabaseModuleOptions,
  ) {}

  // Not while modules are initialised: one whose check fails would close the connections that this is using.
  async onApplicationBootstrap(): Promise<void> {
    // Whoever has the tables made elsewhere boots before they are there.
    if (this.options.migrate !== 'off') await this.addMissing();
  }

  /** Adds partitions for the next year where they are missing. A role that may not is told only when they are needed soon. */
  async addMissing(): Promise<void> {
    if (DatabaseSettings.from(this.options.database).type === 'sqlite') return;
    if ((await this.missing(MONTHS)).length === 0) return;
    try {
      await this.unitOfWork.run(() =>
        this.unitOfWork.transactional(async (em) => {
          await em.execute(`set local lock_timeout = '2s'`);
          await em.execute('select pg_advisory_xact_lock(?)', [PARTITIONS_LOCK_KEY]);
          await em.execute('select sys_audit_add_partitions(?)', [MONTHS]);
        }),
      );
    } catch (error) {
      const urgent = await this.missing(URGENT_MONTHS);
      if (urgent.length === 0) return;
      this.logger.warn(
        `${urgent.join(', ')} could not be made, and retention will not reach their rows. As the owner of sys_audit_logs, run ` +
          `select sys_audit_add_partitions(${MONTHS}): ${String(error)}`,
      );
    }
  }

  /** By the clock of the database, which the function goes by as well. */
  private async missing(months: number): Promise<string[]> {
    const rows = await this.unitOfWork.run((em) =>
      em.execute<{ name: string }[]>(
        `select name from (
           select 'sys_audit_logs_p' || to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => n), 'YYYYMM') as name
           from generate_series(0, ? - 1) as n) as wanted
         where to_regclass(quote_ident(name)) is null order by name`,
        [months],
      ),
    );
    return rows.map(({ name }) => name);
  }
}
