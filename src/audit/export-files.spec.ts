import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ExportFiles } from './export-files.js';

const DAY_MS = 86_400_000;

async function* lines(...given: readonly (string | Error)[]): AsyncGenerator<string> {
  for (const line of given) {
    if (line instanceof Error) throw line;
    yield line;
  }
}

describe(ExportFiles.name, () => {
  let parent: string;
  let directory: string;
  let sut: ExportFiles;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'export-files-'));
    directory = join(parent, 'exports');
    sut = new ExportFiles(directory);
  });
  afterEach(async () => {
    await rm(parent, { recursive: true, force: true });
  });

  it('writes a file that its owner alone may read', async () => {
    await sut.write('one.csv', lines('a\r\n', 'ß\r\n'));

    const content = await sut.read('one.csv');
    expect(content && (await text(content))).toBe('a\r\nß\r\n');
    expect((await stat(join(directory, 'one.csv'))).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['one.csv']);
  });

  it('leaves nothing of a file that was not finished', async () => {
    const broken = new Error('no more');

    await expect(sut.write('one.csv', lines('a', broken))).rejects.toBe(broken);
    expect(await readdir(directory)).toEqual([]);
    expect(await sut.read('one.csv')).toBeUndefined();
  });

  it('removes what is older, and nothing else', async () => {
    expect(await sut.removeOlderThan(DAY_MS)).toBe(0);
    await sut.write('old.csv', lines('a'));
    await sut.write('new.csv', lines('a'));
    const longAgo = new Date(Date.now() - 2 * DAY_MS);
    await mkdir(join(directory, 'made-by-others'));
    for (const name of ['old.csv', 'made-by-others']) await utimes(join(directory, name), longAgo, longAgo);

    expect(await sut.removeOlderThan(DAY_MS)).toBe(1);
    expect(await readdir(directory)).toEqual(['made-by-others', 'new.csv']);
  });
});
