import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { genId, SystemClock } from '../../common/index.js';
import type { UnitOfWork } from '../../database/index.js';
import { resolveAuditOptions } from '../audit.options.js';
import { decodeManifest, Ed25519Signer, generateSigningKey, leafHash } from '../integrity/index.js';
import { AuditSealer } from './audit-sealer.js';
import {
  type NewCheckpoint,
  type RoundOptions,
  type RoundOutcome,
  type SealingRound,
  SealingStore,
  type UnsealedRow,
} from './sealing-store.js';

/** A list in memory, which hands out rows in the order of ids. */
class FakeStore extends SealingStore {
  readonly checkpoints: NewCheckpoint[] = [];
  rounds = 0;

  constructor(private rows: readonly UnsealedRow[]) {
    super();
  }

  async round(
    { after, limit }: RoundOptions,
    seal: (round: SealingRound) => Promise<readonly NewCheckpoint[]>,
  ): Promise<RoundOutcome> {
    this.rounds++;
    const rows = this.rows.filter(({ id }) => id > after).slice(0, limit);
    const checkpoints = await seal({ rows, heads: new Map() });
    this.checkpoints.push(...checkpoints);
    return { state: 'done', rows, checkpoints };
  }
}

/** Outside of transactions. */
const OUTSIDE = { isInTransaction: false } as UnitOfWork;

const newRow = (canonical: string): UnsealedRow => ({ id: genId(), tenantId: null, canonical, leafHash: leafHash(canonical) });

describe(AuditSealer.name, () => {
  const key = generateSigningKey();
  const sealing = { signer: new Ed25519Signer(key.privateKey), publicKeys: { [key.keyId]: key.publicKey } };
  const errors = jest.spyOn(Logger.prototype, 'error');

  beforeEach(() => {
    errors.mockImplementation(() => undefined);
  });
  afterEach(() => {
    errors.mockReset();
  });

  const sealerOf = (store: SealingStore, rowsPerCheckpoint = 1_000) =>
    new AuditSealer(store, OUTSIDE, new SystemClock(), resolveAuditOptions({ sealing: { ...sealing, rowsPerCheckpoint } }));

  it('seals a row with the hash that it has, says aloud that it does not fit its text, and says so once', async () => {
    const changed = { ...newRow('as it was'), canonical: 'as it is' };
    const store = new FakeStore([changed, newRow('another')]);
    const sut = sealerOf(store);
    expect(await sut.seal()).toMatchObject({ sealed: 2 });
    expect(decodeManifest(store.checkpoints[0]!.manifest)[0]).toEqual({ id: changed.id, leafHash: leafHash('as it was') });
    await sut.seal();
    expect(errors.mock.calls.map(([message]) => String(message).includes(changed.id))).toEqual([true]);
  });

  it('leaves out rows that no checkpoint can hold, and goes on behind them', async () => {
    const gone: UnsealedRow = { ...newRow(''), canonical: null, leafHash: null };
    const misfits = [
      gone,
      { ...newRow('a'), leafHash: 'x' },
      { ...newRow('b'), tenantId: '' },
      { ...newRow('c'), tenantId: 'host' },
    ];
    const good = newRow('d');
    const store = new FakeStore([...misfits, good]);
    expect(await sealerOf(store).seal()).toMatchObject({ sealed: 1, checkpoints: 1 });
    expect(store.checkpoints[0]?.content).toMatchObject({ firstId: good.id, lastId: good.id });
    expect(errors).toHaveBeenCalledTimes(4);
  });

  it('takes a long list in rounds, and stops at the end of its time', async () => {
    const rows = Array.from({ length: 12_000 }, (_, index) => newRow(String(index)));
    const store = new FakeStore(rows);
    expect(await sealerOf(store).seal()).toMatchObject({ sealed: 12_000, checkpoints: 12 });
    expect(store.rounds).toBe(3);

    const hasty = new FakeStore(rows);
    expect(await sealerOf(hasty).seal({ budgetMs: 0 })).toMatchObject({ sealed: 5_000 });
    expect(hasty.rounds).toBe(1);
  });

  it('chains the checkpoints of a round', async () => {
    const store = new FakeStore(Array.from({ length: 5 }, (_, index) => newRow(String(index))));
    await sealerOf(store, 2).seal();
    const [first, second, third] = store.checkpoints;
    expect(first?.content).toMatchObject({ seq: 1, previousHash: null, size: 2 });
    expect(second?.content).toMatchObject({ seq: 2, previousHash: first?.hash, size: 2 });
    expect(third?.content).toMatchObject({ seq: 3, previousHash: second?.hash, size: 1 });
  });
});
