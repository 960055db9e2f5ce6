import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';

const MAX_ENTRIES = 10_000;
/** Also where nothing was heard to the contrary. */
const MAX_AGE_MS = 5 * 60_000;

/** Something that a credential says, for as long as nobody whom it is about has changed. */
export interface RememberedCredential<T> {
  readonly value: T;
  /** The people whom it is about: when one of them changes, it is forgotten. */
  readonly userIds: readonly string[];
  /** When the credential ends by itself. */
  readonly expiresAt: Date;
}

interface Entry extends RememberedCredential<unknown> {
  readonly until: number;
}

/**
 * What this process knows of credentials that it has seen, so that a request asks no database. By the hash of the credential; nothing is
 * remembered unless somebody hears of changes in all processes and says so ({@link rememberWhile}).
 */
@Injectable()
export class CredentialCache {
  private readonly entries = new Map<string, Entry>();
  private readonly keysByUser = new Map<string, Set<string>>();
  /** Rises with each change that was heard: what was asked for before it may be what was before it. */
  private changes = 0;
  private hears: () => boolean = () => false;

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.entries.size;
  }

  /** Remembers for as long as `hears` says that every change will be told to {@link forget}. It is asked at each look-up. */
  rememberWhile(hears: () => boolean): void {
    this.hears = hears;
  }

  get<T>(key: string): T | undefined {
    if (!this.hears()) {
      // What was not heard meanwhile may be about any of them.
      this.forgetAll();
      return undefined;
    }
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (entry.until <= this.clock.now().getTime()) {
      this.remove(key, entry);
      return undefined;
    }
    // Behind all others: a Map keeps the order in which it was filled.
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value as T;
  }

  /**
   * Returns what `load` finds, and remembers it unless somebody has changed meanwhile. `load` returns nothing to remember for what must be
   * asked again.
   */
  async load<T>(key: string, load: () => Promise<{ readonly value: T; readonly remember?: Omit<RememberedCredential<T>, 'value'> }>) {
    const { changes } = this;
    const { value, remember } = await load();
    if (remember && changes === this.changes && this.hears()) {
      const until = Math.min(remember.expiresAt.getTime(), this.clock.now().getTime() + MAX_AGE_MS);
      this.add(key, { ...remember, value, until });
    }
    return value;
  }

  /** Somebody has changed, or what was signed in as them: in this process or another. */
  forget(userId: string): void {
    this.changes++;
    for (const key of this.keysByUser.get(userId) ?? []) {
      const entry = this.entries.get(key);
      if (entry) this.remove(key, entry);
    }
  }

  /** Changes may have been missed. */
  forgetAll(): void {
    this.changes++;
    this.entries.clear();
    this.keysByUser.clear();
  }

  private add(key: string, entry: Entry): void {
    const before = this.entries.get(key);
    if (before) this.remove(key, before);
    this.entries.set(key, entry);
    for (const userId of entry.userIds) {
      const keys = this.keysByUser.get(userId);
      if (keys) keys.add(key);
      else this.keysByUser.set(userId, new Set([key]));
    }
    if (this.entries.size <= MAX_ENTRIES) return;
    const [oldest] = this.entries;
    if (oldest) this.remove(...oldest);
  }

  private remove(key: string, entry: Entry): void {
    this.entries.delete(key);
    for (const userId of entry.userIds) {
      const keys = this.keysByUser.get(userId);
      keys?.delete(key);
      if (keys?.size === 0) this.keysByUser.delete(userId);
    }
  }
}
