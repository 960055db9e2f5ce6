import { randomFillSync } from 'node:crypto';
import { InvalidIdError } from './common.errors.js';

const ID_PATTERN = /^[0-9a-f]{32}$/;
const MAX_SEQUENCE = 0xfff;
/** How far ids of a process may be ahead of its clock: one that was set back by more was wrong before, and they follow it. */
export const ID_LEAD_MS = 60_000;
const RANDOM_BYTES = 8;
const POOLED_IDS = 128;

/**
 * Makes ids that sort in the order in which one process made them: a UUIDv7 without dashes, 48 bits of Unix milliseconds, a
 * 12-bit sequence within the millisecond and 62 random bits.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 (method 1 of section 6.2: a fixed-length counter)
 */
class IdGenerator {
  /** Filled for many ids at a time, which is much cheaper. */
  private readonly pool = Buffer.alloc(POOLED_IDS * RANDOM_BYTES);
  private used = this.pool.length;
  private lastMs = -1;
  private sequence = 0;

  next(nowMs: number): string {
    if (nowMs > this.lastMs || nowMs < this.lastMs - ID_LEAD_MS) {
      this.lastMs = nowMs;
      this.sequence = 0;
    } else if (++this.sequence > MAX_SEQUENCE) {
      // The millisecond is used up, or the clock stepped back a little: borrow from the next one, so that order is kept.
      this.lastMs++;
      this.sequence = 0;
    }
    if (this.used === this.pool.length) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const begin = this.used;
    this.used += RANDOM_BYTES;
    this.pool[begin] = (this.pool[begin]! & 0x3f) | 0x80;
    const time = this.lastMs.toString(16).padStart(12, '0');
    const sequence = this.sequence.toString(16).padStart(3, '0');
    return `${time}7${sequence}${this.pool.toString('hex', begin, this.used)}`;
  }
}

const generator = new IdGenerator();

/** Returns a new id: 32 lower-case hex characters, ordered by time (UUIDv7 without dashes). */
export function genId(): string {
  return generator.next(Date.now());
}

/** Tells whether a value has the form of an id. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value);
}

/**
 * Returns the id unchanged if it has the form of one.
 *
 * @throws InvalidIdError otherwise
 */
export function assertId(value: unknown, subject: string): string {
  if (!isId(value)) throw new InvalidIdError(subject);
  return value;
}
