import { median, pairedRatio } from './statistics.mjs';

/**
 * @typedef {object} Row one measured comparison
 * @property {string} work what was done
 * @property {string} unit of the samples
 * @property {number[]} module
 * @property {number[]} bare samples of the same rounds
 * @property {number} [bar] the ratio that must not be exceeded; without it the row is for information
 */

const HEAD = ['', 'bare MikroORM: median (min … max)', 'module: median (min … max)', 'ratio (95 % sure)', 'rounds', 'bar'];

/** @param {Row[]} rows */
export function table(rows) {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** @param {Row[]} rows */
export function barsLine(rows) {
  const barred = rows.filter(({ bar }) => bar !== undefined);
  const held = barred.filter(holds);
  return { line: `bars: ${held.length} of ${barred.length} held`, allHeld: held.length === barred.length };
}

function holds({ module, bare, bar }) {
  return pairedRatio(module, bare).median <= bar;
}

function cells(row) {
  const { work, unit, module, bare, bar } = row;
  const ratio = pairedRatio(module, bare);
  return [
    work,
    summary(bare, unit),
    summary(module, unit),
    `${ratio.median.toFixed(3)} (${ratio.lower.toFixed(3)} … ${ratio.upper.toFixed(3)})`,
    String(module.length),
    bar === undefined ? '-' : `<= ${bar} ${holds(row) ? 'held' : 'NOT HELD'}`,
  ];
}

function summary(samples, unit) {
  return `${number(median(samples))} ${unit} (${number(Math.min(...samples))} … ${number(Math.max(...samples))})`;
}

function number(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
