import { race } from '../support/owner-race/race.mjs';
import { inTurns } from '../support/rounds.mjs';

const SIZES = { full: { rounds: 5, pairs: 200 }, quick: { rounds: 1, pairs: 100 } };

const lineUp = [
  { name: 'ours', program: 'host-database', isOurs: true },
  { name: 'better-auth', program: 'better-auth', isOurs: false },
];

export const title = 'The two owners of an organisation leave at once, each by a process of their own';

export const only = 'postgresql';

export async function run({ server, quick }) {
  const { rounds, pairs } = SIZES[quick ? 'quick' : 'full'];
  const results = await inTurns({
    count: rounds,
    title: 'owner race',
    entrants: lineUp,
    measure: (entrant) => race({ server, entrant, pairs }),
  });
  return [
    ...results.map(({ entrant, samples }) => ({
      work: `nobody owns any more, of ${pairs}: ${entrant.name}`,
      unit: 'organisations',
      samples: samples.map(({ ownerless }) => ownerless),
      // Of all rounds: one organisation is one too many.
      bars: entrant.isOurs ? [{ value: samples.reduce((sum, { ownerless }) => sum + ownerless, 0), atMost: 0 }] : [],
    })),
    ...results.map(({ entrant, samples }) => ({
      work: `both are told: ${entrant.name}`,
      unit: 'ms',
      samples: samples.map(({ ms }) => ms),
    })),
  ];
}
