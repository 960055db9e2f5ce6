import { describe, expect, it } from '@jest/globals';
import { NoContextError } from './context.errors.js';
import { ContextService } from './context.service.js';

describe(ContextService, () => {
  const sut = new ContextService();

  it('knows nobody outside run()', () => {
    expect(sut.current).toEqual({});
    expect(() => sut.assign({ actorUserId: 'x' })).toThrow(NoContextError);
  });

  it('carries the facts through all that is awaited, apart from what runs beside it', async () => {
    const read = (requestId: string) =>
      sut.run({ requestId }, async () => {
        await new Promise(setImmediate);
        return sut.current.requestId;
      });
    expect(await Promise.all([read('a'), read('b')])).toEqual(['a', 'b']);
  });

  it('replaces, extends and assigns', () => {
    sut.run({ requestId: 'r', ipAddress: '::1' }, () => {
      sut.assign({ actorUserId: 'u' });
      sut.extend({ tenantId: 't' }, () => {
        expect(sut.current).toEqual({ requestId: 'r', ipAddress: '::1', actorUserId: 'u', tenantId: 't' });
        sut.run({}, () => expect(sut.current).toEqual({}));
      });
      expect(sut.current.tenantId).toBeUndefined();
    });
  });
});
