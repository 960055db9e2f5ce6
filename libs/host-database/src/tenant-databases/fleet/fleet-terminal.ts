import type { FleetProgress, FleetReport } from './fleet-report.js';

/** What the program writes to. */
export interface TerminalOutput {
  write(text: string): unknown;
  /** A bar is drawn where it is a terminal, else a line is written for each tenant. */
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const BAR_LENGTH = 30;
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = '\r\u001b[2K';

/** Shows a run over the fleet. */
export class FleetTerminal {
  constructor(private readonly out: TerminalOutput) {}

  show({ tenant, total, done, failed, skipped }: FleetProgress): void {
    const { tenantId, state, attempt, applied, error, durationMs } = tenant;
    const how = state === 'pending' ? `failed at try ${attempt}` : state;
    const why = error === undefined ? applied.join(', ') : firstLine(error);
    const line = `${tenantId} ${how} (${Math.round(durationMs)} ms) ${why}`.trimEnd();
    const ended = done + failed + skipped;
    if (!this.out.isTTY) {
      this.out.write(`${ended}/${total} ${line}\n`);
      return;
    }
    // Only what went wrong stays on the screen.
    const kept = error === undefined ? '' : `${line}\n`;
    const full = Math.floor((ended / Math.max(1, total)) * BAR_LENGTH);
    const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR_LENGTH - full)}] ${ended}/${total}, ${failed} failed`;
    this.out.write(`${ERASE_LINE}${kept}${bar.slice(0, (this.out.columns ?? DEFAULT_COLUMNS) - 1)}`);
  }

  end(report: FleetReport): void {
    const { state, target, total, done, failed, skipped, pending, ahead, stopReason, failures, plan } = report;
    const lines = plan
      ? plan.map((each) => `${each.tenantId} ${each.error ?? (each.pending.join(', ') || 'nothing, it is up to date')}`)
      : failures.map(({ tenantId, attempts, error }) => `${tenantId} failed ${attempts} times: ${firstLine(error)}`);
    const counts =
      total === 0
        ? 'nothing to do'
        : plan
          ? `${total} tenants to migrate`
          : `${done} of ${total} tenants migrated, ${failed} failed, ${skipped} skipped, ${pending} left`;
    const later = ahead > 0 ? `, ${ahead} with tables of a later application` : '';
    const why = stopReason === undefined ? '' : ` (${stopReason})`;
    const summary = `${state}${why}: ${counts}${later}; the application is at ${target ?? 'no version'}`;
    this.out.write(`${this.out.isTTY ? ERASE_LINE : ''}${[...lines, summary].join('\n')}\n`);
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
