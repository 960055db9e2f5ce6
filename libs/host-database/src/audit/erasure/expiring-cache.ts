import type { Clock } from '../../common/index.js';

/** How much is remembered, and for how long. */
export interface ExpiringCacheOptions {
  readonly maxSize: number;
  readonly ttlMs: number;
}

/** Remembers what was used last, and nothing for longer than its time. */
export class ExpiringCache<T> {
  private readonly entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();

  constructor(
    private readonly clock: Clock,
    private readonly options: ExpiringCacheOptions,
  ) {}

  get(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    if (entry.expiresAt <= this.clock.now().getTime()) return undefined;
    // Behind all others: a Map keeps the order in which it was filled.
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T): void {
    const { maxSize, ttlMs } = this.options;
    this.entries.delete(key);
    this.entries.set(key, { value, expiresAt: this.clock.now().getTime() + ttlMs });
    if (this.entries.size > maxSize) this.entries.delete(this.entries.keys().next().value!);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
