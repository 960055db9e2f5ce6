import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileAnchor } from './file.anchor.js';

describe(FileAnchor.name, () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'file-anchor-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  const checkpoint = (seq: number) => ({ id: String(seq), scope: 'host', seq, body: 'x'.repeat(2_000), signature: 's' });

  it('may be shared: lines of those who append at the same time stay whole', async () => {
    const path = join(directory, 'log');
    const writers = Array.from({ length: 20 }, (_, writer) =>
      new FileAnchor({ path }).keep(Array.from({ length: 10 }, (_unused, index) => checkpoint(writer * 10 + index))),
    );
    await Promise.all(writers);
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    const seqs = lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it('reads what it has kept, whatever characters are in it, and nothing before it has kept any', async () => {
    const sut = new FileAnchor({ path: join(directory, 'log') });
    const read = async () => {
      const found: number[] = [];
      for await (const { seq } of sut.read()) found.push(seq);
      return found;
    };
    expect(await read()).toEqual([]);
    await sut.keep([{ ...checkpoint(1), body: 'a\u2028b' }, checkpoint(2)]);
    expect(await read()).toEqual([1, 2]);
  });

  it('fails where it cannot write', async () => {
    const sut = new FileAnchor({ path: join(directory, 'none', 'log') });
    await expect(sut.keep([checkpoint(1)])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
