import { number, summary } from './format.mjs';

/**
 * @typedef {object} StandingRow where one of several contenders stands
 * @property {string} work what was done, and by whom
 * @property {string} unit of the samples
 * @property {number[]} samples one a round
 * @property {Bar[]} [bars] without any, the row is for information
 *
 * @typedef {object} Bar
 * @property {string} [of] what the median was divided by; without it, `value` is the median itself
 * @property {number} value
 * @property {number} [atLeast]
 * @property {number} [atMost] without either, the quotient is for information
 */

export const head = ['', 'median (min … max)', 'rounds', 'bar'];

/** @param {StandingRow} row */
export function cells({ work, unit, samples, bars = [] }) {
  return [work, summary(samples, unit), String(samples.length), bars.map(barCell).join('; ') || '-'];
}

/**
 * Whether each bar of a row was held.
 *
 * @param {StandingRow} row
 */
export function verdicts({ bars = [] }) {
  return bars.filter(hasLimit).map(isHeld);
}

function barCell(bar) {
  const { of, value, atLeast, atMost } = bar;
  if (!hasLimit(bar)) return `${number(value)} x ${of}`;
  const limit = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  const measured = of === undefined ? '' : ` x ${of}: ${number(value)}`;
  return `${limit}${measured} ${isHeld(bar) ? 'held' : 'NOT HELD'}`;
}

function hasLimit({ atLeast, atMost }) {
  return atLeast !== undefined || atMost !== undefined;
}

function isHeld({ value, atLeast = -Infinity, atMost = Infinity }) {
  return value >= atLeast && value <= atMost;
}
