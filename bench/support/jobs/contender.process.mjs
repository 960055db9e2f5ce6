import { setTimeout as delay } from 'node:timers/promises';
import { answer } from '../answer.mjs';
import { now } from './clock.mjs';
import { handledJobs } from './handled-jobs.mjs';

// Runs in a process of its own: carries out what the harness asks of one contender.

/**
 * What `open()` of a program in contenders/ resolves to.
 *
 * @typedef {object} Contender
 * @property {(payloads: object[]) => Promise<unknown>} enqueueMany
 * @property {(payload: object) => Promise<unknown>} enqueue
 * @property {(handle: (payload: object) => void) => unknown} work starts a worker that calls `handle` for each job
 */

const handled = handledJobs();
/** @type {Contender} */
let contender;

answer({
  async open({ program, ...given }) {
    const { open } = await import(`../../contenders/${program}.mjs`);
    contender = await open(given);
  },

  /** Enqueues jobs in chunks, as the contender does that for many; returns how long it took. */
  async enqueueMany({ jobs, chunk }) {
    const payloads = Array.from({ length: jobs }, (_, index) => ({ index }));
    const start = now();
    for (let from = 0; from < jobs; from += chunk) await contender.enqueueMany(payloads.slice(from, from + chunk));
    return now() - start;
  },

  /** Enqueues jobs one after the other; returns how long it took. */
  async enqueueEach({ jobs }) {
    const start = now();
    for (let index = 0; index < jobs; index++) await contender.enqueue({ index });
    return now() - start;
  },

  /** Enqueues a job whenever its time has come, whether or not those before are written. */
  async enqueuePaced({ jobs, perSecond }) {
    const start = now();
    const enqueued = [];
    for (let index = 0; index < jobs; index++) {
      const waitMs = start + (index * 1_000) / perSecond - now();
      if (waitMs > 0) await delay(waitMs);
      enqueued.push(contender.enqueue({ enqueuedAt: now() }));
    }
    await Promise.all(enqueued);
  },

  /** Starts the worker. */
  work: async () => contender.work(handled.add),

  /** Resolves once so many jobs have been handled here. */
  whenHandled: async ({ jobs }) => handled.whenCountIs(jobs),

  /** How many jobs have been handled here. */
  handledCount: async () => handled.count,

  /** How long the jobs since the last call have waited from their enqueueing to their start. */
  takeWaits: async () => handled.takeWaits(),
});
