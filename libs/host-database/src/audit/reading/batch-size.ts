import type { StoredAuditLog } from './audit-rows.js';

/** How many rows to begin with, while nobody knows how long they are. */
export const FEWEST_ROWS = 25;
/** Few enough to be garbage before the collector takes them for something that stays. */
const MOST_ROWS = 50;
/** Of a batch, in characters of what is long in a row. */
const ENOUGH = 100_000;

/** How many rows to take next, after so many with so many characters: about a tenth of a megabyte, in few different numbers. */
export function nextBatchSize(rows: number, length: number): number {
  if (length > ENOUGH) return Math.max(1, Math.floor(rows / 2));
  return length < ENOUGH / 2 ? Math.min(MOST_ROWS, rows * 2) : rows;
}

/** How long rows are together, about. Details are in the canonical text, too. */
export function lengthOf(rows: readonly StoredAuditLog[]): number {
  return rows.reduce((sum, { canonical }) => sum + canonical.length, 0);
}
