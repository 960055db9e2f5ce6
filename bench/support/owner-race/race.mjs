import assert from 'node:assert/strict';
import { startProgram } from '../child-program.mjs';
import { connectionTo } from '../connection.mjs';
import { median } from '../statistics.mjs';

/** Not timed: until both processes have their connections and their compiled code. */
const WARM_UP_PAIRS = 20;

/**
 * Has the two owners of many organisations leave at once, each by a process of their own, one organisation after the other.
 *
 * @param {object} race
 * @param {object} race.server
 * @param {{ name: string, program: string }} race.entrant
 * @param {number} race.pairs
 * @returns {Promise<{ ownerless: number, ms: number }>} organisations that nobody owns any more, and what a pair takes in the middle
 */
export async function race({ server, entrant: { name, program }, pairs }) {
  const database = await server.createDatabase();
  const file = new URL(`../../contenders/owner-race/${program}.mjs`, import.meta.url);
  const [first, second] = [startProgram(file, name), startProgram(file, name)];
  try {
    const connection = connectionTo(database);
    await first.ask('open', { connection, isFirst: true });
    await second.ask('open', { connection, isFirst: false });
    const owners = await first.ask('signUpOwners');
    await leaveInPairs({ first, second, owners, pairs: WARM_UP_PAIRS });
    const before = await first.ask('countOwnerless');
    const { ms, left } = await leaveInPairs({ first, second, owners, pairs });
    const ownerless = (await first.ask('countOwnerless')) - before;
    // Somebody could leave each, and nobody says that they have left who has not.
    assert.equal(
      left,
      pairs + ownerless,
      `${name}: ${left} owners of ${pairs} pairs have left, and ${ownerless} organisations have none.`,
    );
    return { ownerless, ms: median(ms) };
  } finally {
    await first.kill();
    await second.kill();
    await database.drop();
  }
}

async function leaveInPairs({ first, second, owners, pairs }) {
  const ms = [];
  let left = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const organization = await first.ask('found', { owners });
    const start = performance.now();
    const leaving = await Promise.all(
      [first, second].map((side, index) => side.ask('leave', { organization, owner: owners[index] })),
    );
    ms.push(performance.now() - start);
    left += leaving.filter(Boolean).length;
  }
  return { ms, left };
}
