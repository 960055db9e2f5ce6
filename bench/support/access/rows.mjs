import { median } from '../statistics.mjs';

/** In statements per request: what is asked in the background now and then is no request's. */
const MOST_STATEMENTS = 0.01;

/**
 * @param {import('../rounds.mjs').Results<{ perSecond: number, ms: number }>} measured
 * @param {import('../rounds.mjs').Results<number>} counted
 */
export function accessRows(measured, counted) {
  const perSecond = measured.map(({ entrant, samples }) => ({ entrant, samples: samples.map((sample) => sample.perSecond) }));
  const bare = measured.find(({ entrant }) => entrant.side === 'bare');
  const added = measured
    .filter((result) => result !== bare)
    .map(({ entrant, samples }) => ({ entrant, samples: samples.map(({ ms }, round) => ms - bare.samples[round].ms) }));
  return [
    ...rows('answered', 'requests/s', perSecond, 'atLeast'),
    ...rows('added to the bare route', 'ms', added, 'atMost'),
    ...counted.map(({ entrant, samples }) => ({
      work: `statements: ${entrant.name}`,
      unit: 'per request',
      samples,
      bars: entrant.side === 'ours' ? [{ value: median(samples), atMost: MOST_STATEMENTS }] : [],
    })),
  ];
}

/** Ours is compared with everybody else, the median with theirs; those who check the membership, too, are the `limit`. */
function rows(work, unit, results, limit) {
  const others = results.filter(({ entrant }) => entrant.side !== 'ours');
  return results.map(({ entrant, samples }) => ({
    work: `${work}: ${entrant.name}`,
    unit,
    samples,
    bars: entrant.side === 'ours' ? others.map((other) => against(other, samples, limit)) : [],
  }));
}

function against({ entrant, samples }, ours, limit) {
  const value = median(ours) / median(samples);
  return { of: entrant.name, value, [limit]: entrant.checksMembership ? 1 : undefined };
}
