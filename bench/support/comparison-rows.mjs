import { summary } from './format.mjs';
import { pairedRatio } from './statistics.mjs';

/**
 * @typedef {object} ComparisonRow the module beside bare MikroORM
 * @property {string} work what was done
 * @property {string} unit of the samples
 * @property {number[]} module
 * @property {number[]} bare samples of the same rounds
 * @property {number} [bar] the ratio that must not be exceeded; without it the row is for information
 * @property {string} [exempt] why the bar does not count this time
 */

export const head = ['', 'bare MikroORM: median (min … max)', 'module: median (min … max)', 'ratio (95 % sure)', 'rounds', 'bar'];

/** @param {ComparisonRow} row */
export function cells(row) {
  const { work, unit, module, bare, bar, exempt } = row;
  const ratio = pairedRatio(module, bare);
  return [
    work,
    summary(bare, unit),
    summary(module, unit),
    `${ratio.median.toFixed(3)} (${ratio.lower.toFixed(3)} … ${ratio.upper.toFixed(3)})`,
    String(module.length),
    bar === undefined ? '-' : `<= ${bar} ${exempt ?? (isHeld(row) ? 'held' : 'NOT HELD')}`,
  ];
}

/**
 * Whether each bar of a row was held.
 *
 * @param {ComparisonRow} row
 */
export function verdicts(row) {
  return row.bar === undefined || row.exempt ? [] : [isHeld(row)];
}

function isHeld({ module, bare, bar }) {
  return pairedRatio(module, bare).median <= bar;
}
