import * as comparison from './comparison-rows.mjs';
import { align } from './format.mjs';
import * as standing from './standing-rows.mjs';

/** @typedef {import('./comparison-rows.mjs').ComparisonRow | import('./standing-rows.mjs').StandingRow} Row */

/** @param {Row[]} rows of one kind */
export function table(rows) {
  const { head, cells } = kindOf(rows[0]);
  return align([head, ...rows.map(cells)]);
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
