import assert from 'node:assert/strict';
import { auditContenders } from '../support/audit/contenders.mjs';
import { writeFor } from '../support/audit/writers.mjs';
import { median } from '../support/statistics.mjs';

const SIZES = { full: { rounds: 3, ms: 10_000 }, quick: { rounds: 1, ms: 2_000 } };
/** SQLite has one connection, and whoever waits for it for five seconds is told that it is busy. */
const WRITERS = { postgresql: 32, sqlite: 8 };
/** What a transaction does beside its change and its row: nothing, or what takes a few milliseconds. */
const BUSINESS_MS = [0, 5];
/** Of the plain insert's throughput, in transactions that do something: without, it is the raw price of the row. */
const LEAST = 0.8;

export const title = `A change and its row in the log in one transaction, ${WRITERS.postgresql} writers (${WRITERS.sqlite} on SQLite), one in ten rolls back`;

export async function run({ server, dialect, quick }) {
  const writers = WRITERS[dialect];
  const { rounds, ms } = SIZES[quick ? 'quick' : 'full'];
  const rows = [];
  for (const businessMs of BUSINESS_MS) {
    const contenders = await auditContenders(server, writers);
    try {
      const samples = new Map(contenders.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round++) {
        for (const contender of contenders) {
          console.log(`transactions of ${businessMs} ms, round ${round + 1} of ${rounds}: ${contender.name}`);
          const { perSecond, committed } = await writeFor({ contender, writers, businessMs, ms });
          samples.get(contender.name).push(perSecond);
          await contender.check?.(committed);
        }
      }
      rows.push(...standing(samples, businessMs));
    } finally {
      for (const contender of contenders) await contender.close();
    }
  }
  return rows;
}

function standing(samples, businessMs) {
  const plain = median(samples.get('plain insert'));
  assert.ok(plain > 0);
  return [...samples].map(([name, perSecond]) => ({
    work: `transactions of ${businessMs} ms: ${name}`,
    unit: 'transactions/s',
    samples: perSecond,
    bars:
      name === 'ours, sealed' && businessMs > 0 ? [{ of: 'plain insert', value: median(perSecond) / plain, atLeast: LEAST }] : [],
  }));
}
