import type { StoredAuditLog } from './audit-rows.js';

/** How many rows to begin with, while nobody knows how long they are. */
export const FIRST_ROWS = 10;
/** A process that exports a million rows collects garbage hundreds of times; what is alive each time has to be little. */
const MOST_ROWS = 25;
/** Of a batch, in characters of what is long in a row. */
const ENOUGH = 50_000;

/** How many rows to take next, after so many with so many characters: about 50 kB, in few different numbers. */
export function nextBatchSize(rows: number, length: number): number {
  if (length > ENOUGH) return Math.max(1, Math.floor(rows / 2));
  return length < ENOUGH / 2 ? Math.min(MOST_ROWS, rows * 2) : rows;
}

/** How long rows are together, about. Details are in the canonical text, too. */
export function lengthOf(rows: readonly StoredAuditLog[]): number {
  return rows.reduce((sum, { canonical }) => sum + canonical.length, 0);
}
