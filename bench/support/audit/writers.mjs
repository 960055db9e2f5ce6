import { setTimeout as delay } from 'node:timers/promises';

const ROLLED_BACK = new Error('rolled back');
/** One transaction in so many. */
const ROLLED_BACK_EACH = 10;

/**
 * Has writers make changes, each with its row, one transaction after the other, for so long.
 *
 * @param {object} load
 * @param {import('./contenders.mjs').AuditContender} load.contender
 * @param {number} load.writers
 * @param {number} load.businessMs how long each transaction is open beside its statements, on average
 * @param {number} load.ms
 */
export async function writeFor({ contender: { transactional, change, record }, writers, businessMs, ms }) {
  const start = performance.now();
  let committed = 0;
  const write = async (writer) => {
    for (let index = writer; performance.now() - start < ms; index += writers) {
      try {
        await transactional(async (em) => {
          await change(em, index);
          if (businessMs > 0) await delay(businessMs * 2 * Math.random());
          await record(em, index);
          if (index % ROLLED_BACK_EACH === 0) throw ROLLED_BACK;
        });
        committed++;
      } catch (error) {
        if (error !== ROLLED_BACK) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return { perSecond: committed / ((performance.now() - start) / 1_000), committed };
}
