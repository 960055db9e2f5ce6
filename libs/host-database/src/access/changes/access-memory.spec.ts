import { beforeEach, describe, expect, it } from '@jest/globals';
import { AccessChanges } from './access-changes.js';
import { AccessMemory } from './access-memory.js';

/** Changes that are told when the test says so. */
class FakeChanges extends AccessChanges {
  hears = true;
  starts = 0;

  start(): void {
    this.starts++;
  }

  isCurrent(): boolean {
    return this.hears;
  }

  async spread(): Promise<void> {
    // Nobody else is there.
  }

  async close(): Promise<void> {
    this.tellAll();
  }

  override tell(subjects: readonly string[]): void {
    super.tell(subjects);
  }

  override tellAll(): void {
    super.tellAll();
  }
}

const [ADA, BOB, ACME, OTHER] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(32)) as [string, string, string, string];

describe(AccessMemory, () => {
  let changes: FakeChanges;
  let sut: AccessMemory<number>;
  let asked: number;

  beforeEach(() => {
    changes = new FakeChanges();
    sut = new AccessMemory(changes, { maxEntries: 3, ttlMs: 600_000 });
    asked = 0;
  });

  const ask = (userId: string, tenantId: string, meanwhile: () => void = () => undefined) =>
    sut.answer({
      key: `${userId}:${tenantId}`,
      subjects: [`user:${userId}`, `tenant:${tenantId}`],
      ask: async () => {
        const answer = ++asked;
        meanwhile();
        return answer;
      },
    });

  it('asks once for what it remembers, and again for whom a change was about', async () => {
    expect([await ask(ADA, ACME), await ask(ADA, ACME), await ask(BOB, ACME), await ask(ADA, OTHER)]).toEqual([1, 1, 2, 3]);
    changes.tell([`user:${ADA}`]);
    expect([await ask(BOB, ACME), await ask(ADA, ACME), await ask(ADA, OTHER)]).toEqual([2, 4, 5]);
    changes.tell([`tenant:${ACME}`]);
    expect([await ask(ADA, OTHER), await ask(ADA, ACME), await ask(BOB, ACME)]).toEqual([5, 6, 7]);
  });

  it('forgets everybody where it is not known who was changed', async () => {
    for (const unknown of ['', 'user:', 'session:1', `user:${ADA}x`]) {
      const [first, second] = [await ask(ADA, ACME), await ask(BOB, OTHER)];
      changes.tell([unknown]);
      expect([await ask(ADA, ACME), await ask(BOB, OTHER)]).toEqual([second + 1, second + 2]);
      expect(first).toBeLessThan(second);
    }
  });

  it('does not remember what was changed while it was asked', async () => {
    expect(await ask(ADA, ACME, () => changes.tell([`user:${ADA}`]))).toBe(1);
    expect(await ask(ADA, ACME, () => changes.tellAll())).toBe(2);
    expect([await ask(ADA, ACME), await ask(ADA, ACME)]).toEqual([3, 3]);
  });

  it('asks each time while nothing is heard, and begins to hear', async () => {
    changes.hears = false;
    expect([await ask(ADA, ACME), await ask(ADA, ACME)]).toEqual([1, 2]);
    expect(changes.starts).toBe(2);
    changes.hears = true;
    expect([await ask(ADA, ACME), await ask(ADA, ACME)]).toEqual([3, 3]);
    // What it has missed, it may not use; whoever hears again says what was missed.
    changes.hears = false;
    expect(await ask(ADA, ACME)).toBe(4);
  });

  it('is bounded, and forgets whom nobody has asked for longest', async () => {
    for (const user of [ADA, BOB, ACME]) await ask(user, OTHER);
    await ask(ADA, OTHER);
    await ask(OTHER, OTHER);
    expect(sut.size).toBe(3);
    expect([await ask(ADA, OTHER), await ask(BOB, OTHER)]).toEqual([1, 5]);
    changes.tell([`tenant:${OTHER}`]);
    expect(sut.size).toBe(0);
  });

  it('remembers nothing with a time of 0, and does not fail for a question that failed', async () => {
    sut = new AccessMemory(changes, { maxEntries: 3, ttlMs: 0 });
    expect([await ask(ADA, ACME), await ask(ADA, ACME)]).toEqual([1, 2]);
    sut = new AccessMemory(changes, { maxEntries: 3, ttlMs: 600_000 });
    const failing = ask(ADA, ACME, () => {
      throw new Error('down');
    });
    await expect(failing).rejects.toThrow('down');
    expect(await ask(ADA, ACME)).toBe(4);
  });
});
