import { isId } from '../../common/index.js';
import { HASH_BYTES } from './hashes.js';
import type { ManifestLeaf } from './manifest.js';

const ID_BYTES = 16;
const FREE = -1;

/** What was found of a sealed row. */
export const SEEN = 1;
/** It holds its own content. */
export const INTACT = 2;
/** Its content was found under another id. */
export const DISPLACED = 4;

/**
 * The rows of all checkpoints of a scope, found by id: about 70 bytes a row, a third of what a Map of texts takes. A million
 * rows fit into a small process, and rows may come in any order.
 */
export class SealedLeaves {
  private count = 0;
  private ids: Buffer = Buffer.alloc(0);
  private hashes: Buffer = Buffer.alloc(0);
  private checkpoints = new Uint32Array(0);
  private states = new Uint8Array(0);
  /** Open addressing: the number of an entry, or FREE. Always at least twice as long as there are entries. */
  private slots = new Int32Array(0);

  get size(): number {
    return this.count;
  }

  /** Adds a row of a checkpoint (known by any number) and tells whether its id was new; the first one stays. */
  add({ id, leafHash }: ManifestLeaf, checkpoint: number): boolean {
    if (this.count === this.states.length) this.grow();
    const key = Buffer.from(id, 'hex');
    const slot = this.slotOf(key);
    if (this.slots[slot] !== FREE) return false;
    const entry = this.count++;
    this.slots[slot] = entry;
    key.copy(this.ids, entry * ID_BYTES);
    this.hashes.write(leafHash, entry * HASH_BYTES, 'hex');
    this.checkpoints[entry] = checkpoint;
    return true;
  }

  /** Returns the number of the row, or undefined where no checkpoint holds it. */
  find(id: string): number | undefined {
    // Hex is read leniently: only an id in its one form is that of a row.
    if (this.count === 0 || !isId(id)) return undefined;
    const entry = this.slots[this.slotOf(Buffer.from(id, 'hex'))]!;
    return entry === FREE ? undefined : entry;
  }

  idOf(entry: number): string {
    return this.ids.toString('hex', entry * ID_BYTES, (entry + 1) * ID_BYTES);
  }

  hashOf(entry: number): string {
    return this.hashes.toString('hex', entry * HASH_BYTES, (entry + 1) * HASH_BYTES);
  }

  checkpointOf(entry: number): number {
    return this.checkpoints[entry]!;
  }

  has(entry: number, state: number): boolean {
    return (this.states[entry]! & state) !== 0;
  }

  mark(entry: number, state: number): void {
    this.states[entry]! |= state;
  }

  /** The slot of a key, or the free one where it belongs. */
  private slotOf(key: Buffer): number {
    // The last bytes of an id are random, the first ones are the time.
    const mask = this.slots.length - 1;
    let slot = Math.imul(key.readInt32LE(12) ^ key.readInt32LE(6), 0x9e3779b1) & mask;
    for (;;) {
      const entry = this.slots[slot]!;
      if (entry === FREE || key.equals(this.ids.subarray(entry * ID_BYTES, (entry + 1) * ID_BYTES))) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const capacity = Math.max(1024, this.states.length * 2);
    this.ids = enlarged(this.ids, capacity * ID_BYTES);
    this.hashes = enlarged(this.hashes, capacity * HASH_BYTES);
    const { checkpoints, states } = this;
    this.checkpoints = new Uint32Array(capacity);
    this.checkpoints.set(checkpoints);
    this.states = new Uint8Array(capacity);
    this.states.set(states);
    this.slots = new Int32Array(capacity * 2).fill(FREE);
    for (let entry = 0; entry < this.count; entry++) {
      this.slots[this.slotOf(this.ids.subarray(entry * ID_BYTES, (entry + 1) * ID_BYTES))] = entry;
    }
  }
}

function enlarged(buffer: Buffer, bytes: number): Buffer {
  const larger = Buffer.alloc(bytes);
  buffer.copy(larger);
  return larger;
}
