import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { makeRecord, rowOf } from '../../../test/audit/audit-log-in-memory.js';
import { type AuditRecord, canonicalText, parseRecord } from './audit-record.js';
import { leafHash } from './hashes.js';
import { InvalidAuditRecordError } from './integrity.errors.js';
import { readRow } from './stored-row.js';

const texts = fc.string({ unit: 'binary' });
const nullable = (arbitrary: fc.Arbitrary<string>) => fc.option(arbitrary, { nil: null });
const details = fc.dictionary(
  texts,
  fc.oneof(
    fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }),
    fc.constantFrom(2 ** 53, 2 ** 53 + 2, -(2 ** 53) - 1, 1e2, -0, {}, []),
  ),
);
const records: fc.Arbitrary<AuditRecord> = fc
  .record({
    tenantId: nullable(fc.constantFrom('a', '😀')),
    eventType: texts,
    schemaVersion: fc.nat(),
    outcome: fc.constantFrom('success' as const, 'failure' as const, 'denied' as const),
    actorUserId: nullable(texts),
    targetId: nullable(texts),
    userAgent: nullable(texts),
    details: fc.option(details, { nil: null }),
    createdAt: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }).map((date) => date.toISOString()),
  })
  .map((fields) => makeRecord(fields));

describe(canonicalText.name, () => {
  it('has one hash before it is stored and after it is read back as JSON', () => {
    fc.assert(
      fc.property(records, (record) => {
        const canonical = canonicalText(record);
        const back = JSON.parse(JSON.stringify(rowOf(record))) as ReturnType<typeof rowOf>;
        expect(parseRecord(canonical)).toEqual(JSON.parse(canonical));
        expect(canonicalText(parseRecord(canonical))).toBe(canonical);
        expect(leafHash(back.canonical)).toBe(back.leafHash);
        expect(readRow(back)).toEqual({ state: 'consistent' });
      }),
    );
  });

  it('keeps instants apart that a clock shows alike when daylight saving ends', () => {
    const [before, after] = ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00'].map((at) =>
      canonicalText(makeRecord({ id: '0'.repeat(32), createdAt: new Date(at).toISOString() })),
    );
    expect(before).toContain('2026-10-25T00:30:00.000Z');
    expect(after).toContain('2026-10-25T01:30:00.000Z');
  });

  it.each<[string, object]>([
    ['v', { v: 2 }],
    ['id', { id: 'ABC' }],
    ['tenantId', { tenantId: 'host' }],
    ['outcome', { outcome: 'maybe' }],
    ['schemaVersion', { schemaVersion: 1.5 }],
    ['actorUserId', { actorUserId: undefined }],
    ['details', { details: [1] }],
    ['createdAt', { createdAt: '2026-11-23T10:00:00Z' }],
    ['more', { more: 1 }],
  ])('refuses a record with a wrong %s', (field, change) => {
    const record = { ...makeRecord(), ...change };
    expect(() => canonicalText(record)).toThrow(
      expect.objectContaining({ code: 'AUDIT_INVALID_RECORD', path: `record.${field}` }),
    );
  });
});

describe(parseRecord.name, () => {
  it.each(['', 'null', '[]', '{}', ` ${canonicalText(makeRecord())}`, canonicalText(makeRecord()).replace('{', '{"v":1,')])(
    'refuses %s',
    (text) => {
      expect(() => parseRecord(text)).toThrow(InvalidAuditRecordError);
    },
  );
});
