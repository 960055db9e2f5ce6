import * as comparison from './comparison-rows.mjs';
import { align } from './format.mjs';
import * as standing from './standing-rows.mjs';

/** @typedef {import('./comparison-rows.mjs').ComparisonRow | import('./standing-rows.mjs').StandingRow} Row */

/**
 * A table for each kind of row, below each other.
 *
 * @param {Row[]} rows
 */
export function table(rows) {
  return [...Map.groupBy(rows, kindOf)].map(([{ head, cells }, ofKind]) => align([head, ...ofKind.map(cells)])).join('\n\n');
}

/** @param {Row[]} rows */
export function barsLine(rows) {
  const verdicts = rows.flatMap((row) => kindOf(row).verdicts(row));
  const held = verdicts.filter(Boolean);
  return { line: `bars: ${held.length} of ${verdicts.length} held`, allHeld: held.length === verdicts.length };
}

function kindOf(row) {
  return 'bare' in row ? comparison : standing;
}
