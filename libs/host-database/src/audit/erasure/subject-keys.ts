import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { assertText, Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { ExpiringCache } from './expiring-cache.js';
import { KeyWrapping } from './key-wrapping.js';
import { type StoredKey, SubjectKeyStore } from './subject-key.store.js';

/** A person's key in clear, or that the person was erased. */
export type SubjectKey = Buffer | 'erased';

const SUBJECT_MAX_LENGTH = 127;
const KEY_BYTES = 32;
const CACHE = { maxSize: 1_000, ttlMs: 30_000 };

/**
 * The keys of persons, in clear.
 *
 * They are remembered for 30 seconds. An erasure by this process holds at once; one by another process holds here after that time at
 * the latest, for what is read. What is sealed here meanwhile is sealed with a key that is gone: it is as unreadable as the rest.
 */
@Injectable()
export class SubjectKeys {
  private readonly cache: ExpiringCache<SubjectKey>;
  /** Keys of a transaction that was rolled back, perhaps, until they are stored again: rows that it did not take along need them. */
  private readonly pending = new Map<string, SubjectKey>();

  constructor(
    private readonly store: SubjectKeyStore,
    private readonly wrapping: KeyWrapping,
    private readonly unitOfWork: UnitOfWork,
    clock: Clock,
  ) {
    this.cache = new ExpiringCache(clock, CACHE);
  }

  /**
   * Returns the person's key, and makes one for somebody who has none.
   *
   * @throws AuditKeyUnavailableError
   * @throws InvalidInputError when the subject's id is longer than 127 characters
   */
  async obtain(subjectId: string): Promise<SubjectKey> {
    return (await this.find([subjectId])).get(subjectId) ?? this.create(subjectId);
  }

  /**
   * Returns the keys that there are.
   *
   * @throws AuditKeyUnavailableError
   */
  async find(subjectIds: Iterable<string>): Promise<Map<string, SubjectKey>> {
    const found = new Map<string, SubjectKey>();
    const unknown: string[] = [];
    for (const subjectId of subjectIds) {
      const key = this.cache.get(subjectId);
      if (key) found.set(subjectId, key);
      else unknown.push(subjectId);
    }
    if (unknown.length === 0) return found;
    const stored = await this.load(unknown);
    for (const subjectId of unknown) {
      // What is stored counts: the person may have been erased since.
      const key = stored.get(subjectId) ?? this.pending.get(subjectId);
      if (key) found.set(subjectId, key);
    }
    return found;
  }

  /** Forgets what is remembered of a person. */
  forget(subjectId: string): void {
    this.cache.delete(subjectId);
    this.pending.delete(subjectId);
  }

  private async create(subjectId: string): Promise<SubjectKey> {
    assertText(subjectId, 'subjectId', SUBJECT_MAX_LENGTH);
    // Beside this transaction, the key would wait for its end.
    if (await this.store.isErasedHere(subjectId)) return 'erased';
    await this.store.add(subjectId, this.wrapping.wrap(randomBytes(KEY_BYTES), subjectId));
    // Somebody else may have been faster: the one that is stored is the one to use.
    const stored = (await this.store.read([subjectId])).get(subjectId);
    const key = this.open(subjectId, stored ?? null);
    if (!this.store.isPartOfTransaction) this.cache.set(subjectId, key);
    else if (typeof stored === 'string') this.keep(subjectId, key, stored);
    return key;
  }

  private keep(subjectId: string, key: SubjectKey, wrappedKey: string): void {
    this.pending.set(subjectId, key);
    void this.store.addAfterTransaction(subjectId, wrappedKey).then(() => this.pending.delete(subjectId));
  }

  private async load(subjectIds: readonly string[]): Promise<Map<string, SubjectKey>> {
    const stored = await this.store.read(subjectIds);
    const keys = new Map([...stored].map(([subjectId, wrapped]) => [subjectId, this.open(subjectId, wrapped)]));
    // What a transaction reads it may have written itself.
    if (this.store.isPartOfTransaction) this.unitOfWork.afterCommit(() => this.remember(keys));
    else this.remember(keys);
    return keys;
  }

  private remember(keys: ReadonlyMap<string, SubjectKey>): void {
    for (const [subjectId, key] of keys) this.cache.set(subjectId, key);
  }

  private open(subjectId: string, stored: StoredKey): SubjectKey {
    return stored === null ? 'erased' : this.wrapping.unwrap(stored, subjectId);
  }
}
