import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DnsDomainVerifier } from './domain-verifier.js';

const TXT = 16;
/** What the server has, and the codes of RFC 1035 section 4.1.1 that it answers other names with. */
const RECORDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '_challenge.one.example': [['other'], ['the value']],
  '_challenge.pieces.example': [['the ', 'value']],
  '_challenge.other.example': [['not the value']],
};
const CODES: Readonly<Record<string, number>> = { '_challenge.broken.example': 2, '_challenge.refused.example': 5 };
const NAME_ERROR = 3;

/** Answers a question about TXT records. */
function answerTo(question: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at++] ?? 0; length > 0; length = question[at++] ?? 0) {
    labels.push(question.toString('ascii', at, at + length));
    at += length;
  }
  const name = labels.join('.').toLowerCase();
  const records = RECORDS[name];
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (records ? 0 : (CODES[name] ?? NAME_ERROR)), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records?.length ?? 0, 6);
  const answers = (records ?? []).map((pieces) => {
    const data = Buffer.concat(pieces.map((piece) => Buffer.from([piece.length, ...Buffer.from(piece)])));
    // The name of the question, the type, the class, a TTL, and how long the data is.
    return Buffer.concat([Buffer.from([0xc0, 12, 0, TXT, 0, 1, 0, 0, 0, 60, 0, data.length]), data]);
  });
  return Buffer.concat([header, question.subarray(12, at + 4), ...answers]);
}

describe(DnsDomainVerifier.name, () => {
  let server: Socket;
  let sut: DnsDomainVerifier;

  beforeAll(async () => {
    server = createSocket('udp4');
    server.on('message', (question, { port, address }) => server.send(answerTo(question), port, address));
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    sut = new DnsDomainVerifier([`127.0.0.1:${server.address().port}`]);
  });
  afterAll(() => {
    server.close();
  });

  it.each([
    ['one', true],
    ['pieces', true],
    ['other', false],
    ['unknown', false],
  ])('finds out whether a record of %s.example is published: %s', async (label, isPublished) => {
    const record = { type: 'TXT', name: `_challenge.${label}.example`, value: 'the value' } as const;
    expect(await sut.hasRecord(record)).toBe(isPublished);
  });

  it.each(['broken', 'refused'])('does not take a server that is %s for a no', async (label) => {
    const name = `_challenge.${label}.example`;
    const asking = sut.hasRecord({ type: 'TXT', name, value: 'the value' });
    await expect(asking).rejects.toMatchObject({ code: 'TENANTS_DOMAIN_LOOKUP_FAILED', recordName: name });
  });
});
