/**
 * @typedef {{ name: string }} Entrant who takes part
 *
 * @template Sample
 * @typedef {object} Rounds
 * @property {number} count
 * @property {string} title
 * @property {Entrant[]} entrants
 * @property {(entrant: Entrant) => Promise<Sample>} measure
 *
 * @template Sample
 * @typedef {{ entrant: Entrant, samples: Sample[] }[]} Results
 */

/**
 * Has everybody take their turn in each round, beginning with another one each time, so that all meet the same weather.
 *
 * @template Sample
 * @param {Rounds<Sample>} rounds
 * @returns {Promise<Results<Sample>>}
 */
export async function inTurns({ count, title, entrants, measure }) {
  const results = entrants.map((entrant) => ({ entrant, samples: [] }));
  for (let round = 0; round < count; round++) {
    const first = round % results.length;
    for (const { entrant, samples } of [...results.slice(first), ...results.slice(0, first)]) {
      console.error(`${title}, round ${round + 1} of ${count}: ${entrant.name}`);
      samples.push(await measure(entrant));
    }
  }
  return results;
}

/**
 * Measures everybody at the same time: for what takes time and hardly anything else.
 *
 * @template Sample
 * @param {Rounds<Sample>} rounds
 * @returns {Promise<Results<Sample>>}
 */
export async function atOnce({ entrants, ...rounds }) {
  const results = await Promise.all(entrants.map((entrant) => inTurns({ ...rounds, entrants: [entrant] })));
  return results.flat();
}
