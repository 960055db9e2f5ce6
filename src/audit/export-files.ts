import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { genId, timestamp } from 'nestjs-host-database';

/** Where the files of exports are, unless the application is told another place. */
export const DEFAULT_EXPORT_DIRECTORY = join(tmpdir(), 'workspace-exports');

const OWNER_ONLY = { directory: 0o700, file: 0o600 } as const;
const UNFINISHED = '.part';

/** The files of exports, in a directory that all processes of the application share. */
export class ExportFiles {
  constructor(private readonly directory: string) {}

  /** Writes a file, which is there as a whole or not at all. Replaces one with its name. */
  async write(name: string, lines: AsyncIterable<string>): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: OWNER_ONLY.directory });
    // Of this attempt alone: another one may be at it still.
    const unfinished = `${this.pathOf(name)}.${genId()}${UNFINISHED}`;
    try {
      const file = await open(unfinished, 'w', OWNER_ONLY.file);
      await pipeline(Readable.from(lines, { objectMode: false }), file.createWriteStream());
      await rename(unfinished, this.pathOf(name));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** Opens a file; undefined where there is none. */
  async read(name: string): Promise<Readable | undefined> {
    try {
      return (await open(this.pathOf(name))).createReadStream();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Removes the files that were written longer ago, and returns how many those were. What else is there is not of its making. */
  async removeOlderThan(ageMs: number): Promise<number> {
    // The file system has written the times of the files, by the clock of the machine.
    const before = timestamp().getTime() - ageMs;
    let removed = 0;
    for (const name of await this.names()) {
      const file = await stat(this.pathOf(name)).catch(() => undefined);
      if (!file?.isFile() || file.mtimeMs >= before) continue;
      await rm(this.pathOf(name), { force: true });
      removed++;
    }
    return removed;
  }

  private async names(): Promise<string[]> {
    try {
      return await readdir(this.directory);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  private pathOf(name: string): string {
    return join(this.directory, name);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
