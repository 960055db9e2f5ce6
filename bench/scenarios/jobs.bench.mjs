import { drainBars, MOST_IDLE_QUERIES, MOST_WAIT_MS, mostBars } from '../support/jobs/bars.mjs';
import { drain } from '../support/jobs/drain.mjs';
import { idleQueriesPerSecond } from '../support/jobs/idle.mjs';
import { latency } from '../support/jobs/latency.mjs';
import { lineUp } from '../support/jobs/line-up.mjs';
import { atOnce, inTurns } from '../support/rounds.mjs';

const SIZES = {
  full: { rounds: 5, jobs: 100_000, singles: 2_000, limitMs: 15_000 },
  quick: { rounds: 1, jobs: 10_000, singles: 500, limitMs: 10_000 },
};

export const title =
  'Jobs that do nothing: each contender in a process of its own, each time on a fresh database; who is too slow is stopped, and rated by what is done';

export async function run({ server, dialect, quick }) {
  const size = SIZES[quick ? 'quick' : 'full'];
  const entrants = lineUp[dialect];
  const takingPart = (measure) => entrants.filter(({ measures }) => measures.includes(measure));
  const course = { server, dialect, size, takingPart };
  return [...(await drainRows(course)), ...(await heldRows(course)), ...(await latencyRows(course)), ...(await idleRows(course))];
}

async function drainRows({ server, dialect, size, takingPart }) {
  const { rounds, jobs, singles, limitMs } = size;
  const enqueuing = new Set(takingPart('enqueue'));
  const results = await inTurns({
    count: rounds,
    title: 'drain',
    entrants: takingPart('drain'),
    measure: (entrant) => drain({ server, entrant, jobs, singles: enqueuing.has(entrant) ? singles : 0, limitMs, isHeld: false }),
  });
  const enqueued = results.filter(({ entrant }) => enqueuing.has(entrant));
  const drained = figure(results, 'perSecond');
  return [
    ...rows(`drain ${jobs.toLocaleString('en')}`, 'jobs/s', drained, (result) => drainBars(result, drained, dialect)),
    ...rows('write-ahead log of the drain', 'bytes/job', figure(results, 'walBytesPerJob')),
    ...rows('enqueue 5,000 at a time', 'jobs/s', figure(enqueued, 'bulkPerSecond')),
    ...rows('enqueue one at a time', 'jobs/s', figure(enqueued, 'singlePerSecond')),
  ];
}

async function heldRows({ server, size: { rounds, jobs, limitMs }, takingPart }) {
  const results = await inTurns({
    count: rounds,
    title: 'drain beside a held snapshot',
    entrants: takingPart('held'),
    measure: (entrant) => drain({ server, entrant, jobs, singles: 0, limitMs, isHeld: true }),
  });
  return rows(`drain ${jobs.toLocaleString('en')} beside a held snapshot`, 'jobs/s', figure(results, 'perSecond'));
}

async function latencyRows({ server, size: { rounds }, takingPart }) {
  const all = [];
  for (const isApart of [false, true]) {
    const results = await inTurns({
      count: rounds,
      title: `latency, enqueued ${isApart ? 'in another process' : 'beside the worker'}`,
      entrants: takingPart('latency'),
      measure: (entrant) => latency({ server, entrant, isApart }),
    });
    for (const [percentile, most] of Object.entries(MOST_WAIT_MS)) {
      const work = `enqueue to start, ${isApart ? 'from another process' : 'in one process'}, ${percentile}`;
      all.push(...rows(work, 'ms', figure(results, percentile), (result) => mostBars(result, most)));
    }
  }
  return all;
}

async function idleRows({ server, size: { rounds }, takingPart }) {
  const results = await atOnce({
    count: rounds,
    title: 'idle',
    entrants: takingPart('idle'),
    measure: (entrant) => idleQueriesPerSecond({ server, entrant }),
  });
  return rows('idle', 'queries/s', results, (result) => mostBars(result, MOST_IDLE_QUERIES));
}

/** One number of each sample; nothing where a contender, or its database, does not have it. */
function figure(results, name) {
  return results
    .map(({ entrant, samples }) => ({ entrant, samples: samples.map((sample) => sample[name]) }))
    .filter(({ samples }) => samples.every((sample) => sample !== undefined));
}

function rows(work, unit, results, barsOf = () => []) {
  return results.map((result) => ({
    work: `${work}: ${result.entrant.name}`,
    unit,
    samples: result.samples,
    bars: barsOf(result),
  }));
}
