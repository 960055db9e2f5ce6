import { describe, expect, it } from '@jest/globals';
import { genId, SystemClock } from '../../common/index.js';
import type { DirectConnection, UnitOfWork } from '../../database/index.js';
import type { AnchoredCheckpoint, AuditAnchor } from '../audit.options.js';
import { AuditOptions } from '../audit.options.js';
import { AuditAnchoringService } from './audit-anchoring.service.js';

describe(AuditAnchoringService.name, () => {
  const anchor: AuditAnchor = { name: 'memory', keep: async () => undefined };

  /** A database with checkpoints that another process has anchored; tells from which id on it is asked for others. */
  function setUp(newest: string | null) {
    const asked: unknown[] = [];
    const query = async (sql: string, [from]: unknown[] = []): Promise<object[]> => {
      if (sql.includes('max(id)')) return [{ newest }];
      asked.push(from);
      return [] satisfies AnchoredCheckpoint[];
    };
    const connection = { type: 'postgresql', query } as unknown as DirectConnection;
    const unitOfWork = { isInTransaction: false } as UnitOfWork;
    return { asked, sut: new AuditAnchoringService(connection, unitOfWork, new SystemClock(), new AuditOptions()) };
  }

  it('does not look at all checkpoints again and again where another process anchors them', async () => {
    const newest = genId();
    const { sut, asked } = setUp(newest);
    await sut.anchorTo(anchor);
    await sut.anchorTo(anchor);
    const [first, second] = asked as string[];
    expect(first).toBe('');
    // An hour before: others may commit late, and clocks differ.
    expect(Number.parseInt(newest.slice(0, 12), 16) - Number.parseInt(second!.slice(0, 12), 16)).toBe(3_600_000);
  });

  it('begins at the beginning where there is none yet', async () => {
    const { sut, asked } = setUp(null);
    await sut.anchorTo(anchor);
    await sut.anchorTo(anchor);
    expect(asked).toEqual(['', '']);
  });
});
