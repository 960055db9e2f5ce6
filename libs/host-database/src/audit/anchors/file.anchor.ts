import { open } from 'node:fs/promises';
import type { AnchoredCheckpoint, AuditAnchor } from '../audit.options.js';
import { readLines } from '../integrity/export-file.js';

/** Where the file is. */
export interface FileAnchorOptions {
  /** Its directory has to be there. */
  readonly path: string;
  /** @default 'file' */
  readonly name?: string;
}

const NEW_LINE = '\n'.codePointAt(0);

/**
 * Keeps checkpoints in a file to which it only appends, a line of JSON each. It is worth as much as it is hard to change for those who can
 * change the database: put it on another machine's disk, or on one that only appends.
 *
 * Several processes may share a file. It may have a checkpoint more than once.
 */
export class FileAnchor implements AuditAnchor {
  readonly name: string;
  private readonly path: string;

  constructor({ path, name = 'file' }: FileAnchorOptions) {
    this.path = path;
    this.name = name;
  }

  /** Resolves when the lines are on the disk. */
  async keep(checkpoints: readonly AnchoredCheckpoint[]): Promise<void> {
    const lines = checkpoints.map(
      ({ id, scope, seq, body, signature }) => `${JSON.stringify({ id, scope, seq, body, signature })}\n`,
    );
    const file = await open(this.path, 'a+');
    try {
      const { size } = await file.stat();
      const last = size > 0 ? (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] : NEW_LINE;
      // A process that died in the middle of a line has left it open.
      const text = (last === NEW_LINE ? '' : '\n') + lines.join('');
      await file.appendFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Returns what is in the file; nothing where it is not there yet. */
  async *read(): AsyncGenerator<AnchoredCheckpoint> {
    try {
      yield* readFileAnchor(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/**
 * Reads what a {@link FileAnchor} has kept, for the verification. A line that a process left unfinished when it died is passed over: its
 * checkpoints were handed over again.
 */
export async function* readFileAnchor(path: string): AsyncGenerator<AnchoredCheckpoint> {
  for await (const line of readLines(path)) {
    const checkpoint = parse(line);
    if (checkpoint) yield checkpoint;
  }
}

function parse(line: string): AnchoredCheckpoint | undefined {
  try {
    const checkpoint = JSON.parse(line) as Partial<AnchoredCheckpoint> | null;
    const isWhole = typeof checkpoint?.body === 'string' && typeof checkpoint.signature === 'string';
    return isWhole ? (checkpoint as AnchoredCheckpoint) : undefined;
  } catch {
    return undefined;
  }
}
