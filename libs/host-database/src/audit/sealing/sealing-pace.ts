/** Not more often, however many rows come: a round takes thousands. */
const SHORTEST_MS = 100;

/** What the pace depends on. */
export interface SealingPace {
  readonly everyMs: number;
  readonly rowsPerCheckpoint: number;
  /** How many rows came in how many milliseconds. */
  readonly sealed: number;
  readonly elapsedMs: number;
}

/**
 * When to seal again: in `everyMs`, or sooner where about so many rows as a checkpoint holds will have come by then. By what all processes
 * have written, which no process counts by itself.
 */
export function nextSealingInMs({ everyMs, rowsPerCheckpoint, sealed, elapsedMs }: SealingPace): number {
  if (sealed === 0) return everyMs;
  const untilFullMs = (elapsedMs * rowsPerCheckpoint) / sealed;
  return Math.min(everyMs, Math.max(SHORTEST_MS, Math.round(untilFullMs)));
}
