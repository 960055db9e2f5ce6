import { beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { PersonalData } from '../erasure/personal-data.js';
import type { PlacedText } from '../erasure/sealed-text.js';
import { AuditEntries } from './audit-entries.js';
import type { StoredAuditLog } from './audit-rows.js';

/** Seals by a prefix; of one subject the key is gone. */
class PrefixedPersonalData extends PersonalData {
  readonly isErasable = true;
  readonly asked: (readonly PlacedText[])[] = [];

  async seal(subjectId: string, { text }: PlacedText): Promise<string> {
    return `sealed:${subjectId}:${text}`;
  }

  async reveal(texts: readonly PlacedText[]): Promise<string[]> {
    this.asked.push(texts);
    return texts.map(({ text }) => {
      const [, subjectId, clear] = /^sealed:(\w+):(.*)$/.exec(text) ?? [];
      if (clear === undefined) return text;
      return subjectId === 'gone' ? '[erased]' : clear;
    });
  }
}

const row = (facts: Partial<StoredAuditLog>): StoredAuditLog => ({
  id: genId(),
  tenantId: null,
  eventType: 'users.updated',
  schemaVersion: 1,
  outcome: 'success',
  actorUserId: null,
  impersonatorUserId: null,
  targetType: null,
  targetId: null,
  requestId: null,
  ipAddress: null,
  userAgent: null,
  details: null,
  createdAt: new Date(0),
  canonical: '{}',
  leafHash: 'a'.repeat(64),
  ...facts,
});

describe(AuditEntries.name, () => {
  let personalData: PrefixedPersonalData;
  let sut: AuditEntries;

  beforeEach(() => {
    personalData = new PrefixedPersonalData();
    sut = new AuditEntries(personalData);
  });

  it('opens what is sealed, at any depth, and leaves the rest as it is', async () => {
    const stored = row({
      ipAddress: 'sealed:ada:192.0.2.1',
      userAgent: 'curl/8',
      details: {
        after: { email: 'sealed:ada:ada@example.com', age: 36, tags: ['sealed:ada:x', null, true] },
        'sealed:ada:key': 1,
      },
    });

    const [entry] = await sut.from([stored]);

    expect(entry).toMatchObject({
      ipAddress: '192.0.2.1',
      userAgent: 'curl/8',
      details: { after: { email: 'ada@example.com', age: 36, tags: ['x', null, true] }, 'sealed:ada:key': 1 },
    });
    expect(entry).not.toHaveProperty('canonical');
    expect(stored.ipAddress).toBe('sealed:ada:192.0.2.1');
  });

  it('says what was erased', async () => {
    const [entry] = await sut.from([row({ ipAddress: 'sealed:gone:192.0.2.1', details: { email: 'sealed:gone:a@b.c' } })]);

    expect(entry).toMatchObject({ ipAddress: '[erased]', details: { email: '[erased]' } });
  });

  it('asks once for all rows, and says where each text is', async () => {
    const rows = [row({ ipAddress: 'sealed:ada:1' }), row({ userAgent: 'sealed:ada:2', details: { 'a/b': ['sealed:ada:3'] } })];
    await sut.from(rows);

    expect(personalData.asked).toEqual([
      [
        { text: 'sealed:ada:1', place: `${rows[0]?.id}:/ipAddress` },
        { text: 'sealed:ada:2', place: `${rows[1]?.id}:/userAgent` },
        { text: 'sealed:ada:3', place: `${rows[1]?.id}:/details/a~1b/0` },
      ],
    ]);
  });
});
