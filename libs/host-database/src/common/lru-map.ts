/** A map that holds so many entries; for one more, the one that was not used for longest goes. */
export class LruMap<K, V> {
  private readonly entries = new Map<K, V>();

  constructor(
    private readonly max: number,
    private readonly onEvicted: (value: V) => void = () => undefined,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Finds a value, which counts as its use. */
  get(key: K): V | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    // A map keeps the order in which its keys were added.
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  /** Finds a value without using it. */
  peek(key: K): V | undefined {
    return this.entries.get(key);
  }

  set(key: K, value: V): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.max) return;
    const [oldest] = this.entries;
    if (!oldest) return;
    this.entries.delete(oldest[0]);
    this.onEvicted(oldest[1]);
  }

  delete(key: K): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }

  values(): IterableIterator<V> {
    return this.entries.values();
  }
}
