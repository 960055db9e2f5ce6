import { pairedRatio } from './statistics.mjs';

/** How long one batch should take: so short that the two of a round meet the same weather, so long that each has its share of checkpoints. */
const BATCH_MS = 40;
/** How long the batches of one comparison take together; at most, where it is not clear before on which side of the bar it is. */
const BUDGET_MS = { full: 5_000, quick: 800 };
const LONGEST_MS = { full: 15_000, quick: 1_600 };
const LEAST_ROUNDS = 7;
const WARM_UP_MS = { full: 3_000, quick: 500 };

/**
 * Times two ways to do the same work, side by side in one process: in each round both do one batch, and who goes first alternates.
 * A machine that others use is now fast, now slow; the two halves of a round meet about the same, so their quotient holds.
 *
 * Garbage is collected when it is due, on either side: forcing it before each batch would throw compiled code away as well, and made
 * both sides three times as slow.
 *
 * @param {object} comparison
 * @param {(index: number) => Promise<unknown>} comparison.module one operation through the module
 * @param {(index: number) => Promise<unknown>} comparison.bare the same operation on bare MikroORM
 * @param {() => Promise<unknown>} [comparison.before] untimed, before each round
 * @param {(operations: number) => Promise<unknown>} [comparison.after] untimed, after each round: checks what both did together
 * @param {number} [comparison.bar] the ratio that must not be exceeded
 * @param {boolean} comparison.quick
 * @returns {Promise<{ module: number[], bare: number[] }>} milliseconds per operation, one number a round
 */
export async function comparePaired({ module, bare, before, after, bar, quick }) {
  const size = quick ? 'quick' : 'full';
  const sides = { module, bare };
  // Goes on from batch to batch, so that neither side repeats itself.
  const next = { module: 0, bare: 0 };

  const round = async (order, operations) => {
    const elapsed = {};
    await before?.();
    for (const side of order) {
      elapsed[side] = await time(sides[side], next[side], operations);
      next[side] += operations;
    }
    await after?.(2 * operations);
    return elapsed;
  };

  const operations = await warmUp(round, WARM_UP_MS[size]);
  const samples = { module: [], bare: [] };
  const isEnough = (count, spent) =>
    count >= LEAST_ROUNDS && spent >= BUDGET_MS[size] && (spent >= LONGEST_MS[size] || isClear(samples, bar));
  for (let count = 0, spent = 0; !isEnough(count, spent); count++) {
    const elapsed = await round(count % 2 === 0 ? ['module', 'bare'] : ['bare', 'module'], operations);
    spent += elapsed.module + elapsed.bare;
    for (const side of ['module', 'bare']) samples[side].push(elapsed[side] / operations);
  }
  return samples;
}

function isClear({ module, bare }, bar) {
  if (bar === undefined) return true;
  const { lower, upper } = pairedRatio(module, bare);
  return upper <= bar || lower > bar;
}

async function time(work, from, operations) {
  const start = performance.now();
  for (let index = from; index < from + operations; index++) await work(index);
  return performance.now() - start;
}

/** Lets the compiler see both sides, and finds how many operations make a batch. */
async function warmUp(round, warmUpMs) {
  let operations = 1;
  for (let spent = 0; spent < warmUpMs;) {
    const { module, bare } = await round(['bare', 'module'], operations);
    spent += module + bare;
    const fitting = Math.round((operations * BATCH_MS) / Math.min(module, bare));
    operations = Math.max(1, Math.min(operations * 4, fitting));
  }
  return operations;
}
