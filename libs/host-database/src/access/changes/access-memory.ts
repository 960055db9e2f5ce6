import { LruMap } from '../../common/index.js';
import type { AccessSubject } from '../../database/index.js';
import type { AccessChanges, AccessFollower } from './access-changes.js';
import type { AccessMemoryOptions } from './access-memory.options.js';

interface Entry<V> {
  readonly key: string;
  readonly value: V;
  readonly subjects: readonly AccessSubject[];
  readonly freshUntil: number;
}

/** A question, and whose change would change its answer. */
export interface AccessQuestion<V> {
  readonly key: string;
  readonly subjects: readonly AccessSubject[];
  readonly ask: () => Promise<V>;
}

/** Remembers answers of the host database about what people may do, as long as nothing has changed, and only while changes are heard. */
export class AccessMemory<V> implements AccessFollower {
  private readonly entries: LruMap<string, Entry<V>>;
  private readonly keysBySubject = new Map<AccessSubject, Set<string>>();

  constructor(
    private readonly changes: AccessChanges,
    private readonly options: AccessMemoryOptions,
  ) {
    this.entries = new LruMap(options.maxEntries, (entry) => this.unlink(entry));
    changes.follow(this);
  }

  /** How many answers are remembered. */
  get size(): number {
    return this.entries.size;
  }

  /** Answers from memory where that counts, or else asks. */
  async answer({ key, subjects, ask }: AccessQuestion<V>): Promise<V> {
    if (this.options.ttlMs === 0) return ask();
    const mayRemember = this.changes.isCurrent();
    const known = mayRemember ? this.entries.get(key) : undefined;
    if (known && performance.now() < known.freshUntil) return known.value;
    if (!mayRemember) this.changes.start();
    const { count } = this.changes;
    const askedAt = performance.now();
    const value = await ask();
    // What was changed while it was asked may not be in the answer.
    if (mayRemember && this.changes.isCurrent() && this.changes.count === count) {
      this.remember({ key, value, subjects, freshUntil: askedAt + this.options.ttlMs });
    }
    return value;
  }

  forgetUser(userId: string): void {
    this.forget(`user:${userId}`);
  }

  forgetTenant(tenantId: string): void {
    this.forget(`tenant:${tenantId}`);
  }

  forgetAll(): void {
    this.entries.clear();
    this.keysBySubject.clear();
  }

  private remember(entry: Entry<V>): void {
    this.entries.set(entry.key, entry);
    for (const subject of entry.subjects) {
      const keys = this.keysBySubject.get(subject) ?? new Set();
      this.keysBySubject.set(subject, keys.add(entry.key));
    }
  }

  private forget(subject: AccessSubject): void {
    for (const key of this.keysBySubject.get(subject) ?? []) {
      const entry = this.entries.peek(key);
      this.entries.delete(key);
      if (entry) this.unlink(entry);
    }
  }

  private unlink({ key, subjects }: Entry<V>): void {
    for (const subject of subjects) {
      const keys = this.keysBySubject.get(subject);
      keys?.delete(key);
      if (keys?.size === 0) this.keysBySubject.delete(subject);
    }
  }
}
