import type { RunSurvey } from './ledger/ledger-rows.js';
import type { FleetPlan } from './fleet.options.js';

/** What to do next in a run. */
export type Course =
  /** Tenants up to this wave may be migrated; where none can be had at the moment, look again in so many milliseconds. */
  | { readonly do: 'go'; readonly wave: number }
  | { readonly do: 'wait'; readonly wave: number; readonly ms: number }
  | { readonly do: 'stop'; readonly reason: string }
  /** Nothing is left. */
  | { readonly do: 'complete' }
  /** Somebody has ended it. */
  | { readonly do: 'leave' };

const LOOK_EVERY_MS = 100;

/** Decides from what the ledger says, so that every process of a run comes to the same. */
export function courseOf(survey: RunSurvey, plan: Pick<FleetPlan, 'waves' | 'stopAfterFailures' | 'stopAtPercent'>): Course {
  const { state, waves, counts, total, now } = survey;
  if (state !== 'running') return { do: 'leave' };
  const { stopAfterFailures, stopAtPercent } = plan;
  if (stopAfterFailures !== undefined && counts.failed >= stopAfterFailures) {
    return { do: 'stop', reason: `${counts.failed} tenants failed, and stopAfterFailures is ${stopAfterFailures}` };
  }
  if (stopAtPercent !== undefined && counts.failed > 0 && (counts.failed / total) * 100 >= stopAtPercent) {
    return { do: 'stop', reason: `${counts.failed} of ${total} tenants failed, and stopAtPercent is ${stopAtPercent}` };
  }
  const open = waves.find(({ counts: of }) => of.pending + of.running > 0);
  const before = waves.filter(({ wave }) => wave < (open?.wave ?? Infinity) && wave < plan.waves.length);
  const failing = before.find(({ counts: of }) => of.failed > 0);
  // Also where nothing follows the canaries: that they failed is what they are for.
  if (failing) return { do: 'stop', reason: `${failing.counts.failed} tenants of canary wave ${failing.wave + 1} failed` };
  if (!open) return { do: 'complete' };
  const last = before.at(-1);
  const pauseMs = last && plan.waves[last.wave]?.pauseMs;
  if (last?.endedAt && pauseMs !== undefined) {
    const leftMs = last.endedAt.getTime() + pauseMs - now.getTime();
    if (leftMs > 0) return { do: 'wait', wave: last.wave, ms: Math.min(leftMs, LOOK_EVERY_MS) };
  }
  return open.counts.pending > 0 ? { do: 'go', wave: open.wave } : { do: 'wait', wave: open.wave, ms: LOOK_EVERY_MS };
}
