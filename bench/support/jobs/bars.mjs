import { median } from '../statistics.mjs';

/** How far ahead of the faster peer's default ours has to be by default. */
const AHEAD_BY_DEFAULT = 3;
/** What is left, with the ORM, the events and the bookkeeping, of what the statements alone reach. */
const OF_RAW = 0.7;
/** What a job may wait at a paced load. */
export const MOST_WAIT_MS = { p50: 5, p99: 20 };
/** What a worker may ask each second that has nothing to do. */
export const MOST_IDLE_QUERIES = 0.5;

/** Which medians of the same rounds ours has to reach: on SQLite, where nobody has a setting that helps, those of all peers. */
export function drainBars({ entrant, samples }, results, dialect) {
  if (entrant.side !== 'ours') return [];
  const isTuned = entrant.setting === 'tuned';
  const rivals = results.filter(
    ({ entrant: { side, setting } }) => side === 'peer' && (dialect === 'sqlite' || setting === entrant.setting),
  );
  const atLeast = dialect === 'sqlite' || isTuned ? 1 : AHEAD_BY_DEFAULT;
  const raw = results.filter(({ entrant: { side } }) => side === 'raw' && isTuned);
  return [against(fastest(rivals), samples, atLeast), ...raw.map((result) => against(result, samples, OF_RAW))];
}

/** What the median of ours must not exceed. */
export function mostBars({ entrant, samples }, atMost) {
  return entrant.side === 'ours' ? [{ value: median(samples), atMost }] : [];
}

function fastest(results) {
  return results.toSorted((a, b) => median(b.samples) - median(a.samples))[0];
}

function against({ entrant, samples }, ours, atLeast) {
  return { of: entrant.name, value: median(ours) / median(samples), atLeast };
}
