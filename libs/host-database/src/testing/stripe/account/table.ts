import { parameterNamesNothing, resourceMissing } from '../http/refusals.js';

/** All objects of one kind. */
export class Table<T extends { readonly id: string }> {
  private readonly rows = new Map<string, T>();

  /** @param kind as Stripe's errors name it, such as `price` */
  constructor(private readonly kind: string) {}

  add(row: T): T {
    this.rows.set(row.id, row);
    return row;
  }

  remove(id: string): void {
    this.rows.delete(id);
  }

  find(id: string): T | undefined {
    return this.rows.get(id);
  }

  /** The object that a path names. */
  get(id: string): T {
    const row = this.rows.get(id);
    if (!row) throw resourceMissing(this.kind, id);
    return row;
  }

  /** The object that a parameter names. */
  named(id: string, param: string): T {
    const row = this.rows.get(id);
    if (!row) throw parameterNamesNothing(this.kind, id, param);
    return row;
  }

  /** All of them, the newest first. */
  newestFirst(): T[] {
    return [...this.rows.values()].toReversed();
  }

  /** All of them, the oldest first. */
  *[Symbol.iterator](): Iterator<T> {
    yield* this.rows.values();
  }
}
