import { createReadStream } from 'node:fs';
import { isId } from '../../common/index.js';
import { scopeOf } from './audit-record.js';
import type { StoredCheckpoint } from './checkpoint-verdict.js';
import { readCheckpointBody } from './checkpoint.js';
import type { StoredAuditRow } from './stored-row.js';

/** A line of an export of the audit log. Lines of other kinds are passed over. */
export type ExportLine =
  | { readonly kind: 'row'; readonly scope: string; readonly row: StoredAuditRow }
  /** The scope is undefined where the body cannot be read. */
  | { readonly kind: 'checkpoint'; readonly scope: string | undefined; readonly checkpoint: StoredCheckpoint };

/** A file is not what it has to be. For the command line, which ends with it. */
export class UnreadableFileError extends Error {
  override readonly name = 'UnreadableFileError';
}

const LINE_FEED = 0x0a;

/**
 * Reads the lines of a file one by one, in bounded memory.
 *
 * Not by node:readline, which ends a line at U+2028 too: JSON has that character as it is, and a row with it would be torn.
 */
export async function* readLines(path: string): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let begin = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, begin)) {
      parts.push(chunk.subarray(begin, end));
      yield Buffer.concat(parts).toString();
      parts = [];
      begin = end + 1;
    }
    parts.push(chunk.subarray(begin));
  }
  const rest = Buffer.concat(parts);
  if (rest.length > 0) yield rest.toString();
}

/**
 * Reads the rows and the checkpoints of an export.
 *
 * @throws UnreadableFileError at the first line that is not JSON, or a row or checkpoint without what makes it one
 */
export async function* readExport(path: string): AsyncGenerator<ExportLine> {
  for await (const { line, at } of readObjects(path)) {
    if (line['kind'] === 'row') {
      if (!isRow(line)) throw new UnreadableFileError(`${at}: a row needs an id, canonical, leafHash and createdAt.`);
      yield { kind: 'row', scope: scopeOf(line.tenantId), row: line };
    } else if (line['kind'] === 'checkpoint') {
      if (!isCheckpoint(line)) throw new UnreadableFileError(`${at}: a checkpoint needs a body and a signature.`);
      yield { kind: 'checkpoint', scope: readCheckpointBody(line.body)?.scope, checkpoint: line };
    }
  }
}

/**
 * Reads the checkpoints of the file of an anchor: lines with a body and a signature. A line that is not JSON is passed over: a process that
 * dies leaves one unfinished, and its checkpoints are handed over again. `onSkipped` is told at the end how many there were, if any.
 *
 * @throws UnreadableFileError at the first line of JSON that is not a checkpoint, and where no line is JSON
 */
export async function* readKept(path: string, onSkipped: (lines: number) => void): AsyncGenerator<StoredCheckpoint> {
  let [kept, skipped] = [0, 0];
  for await (const { line, at } of readObjects(path, () => skipped++)) {
    if (!isCheckpoint(line)) throw new UnreadableFileError(`${at}: a kept checkpoint needs a body and a signature.`);
    kept++;
    yield line;
  }
  if (skipped === 0) return;
  if (kept === 0) throw new UnreadableFileError(`${path}: holds no line of JSON.`);
  onSkipped(skipped);
}

/** Tells `onNoJson` of a line that is not JSON, or throws where there is none to tell. */
async function* readObjects(path: string, onNoJson?: () => void): AsyncGenerator<{ line: Record<string, unknown>; at: string }> {
  let number = 0;
  for await (const text of readLines(path)) {
    number++;
    if (text.trim() === '') continue;
    const at = `${path}:${number}`;
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch (cause) {
      if (!onNoJson) throw new UnreadableFileError(`${at}: not a line of JSON.`, { cause });
      onNoJson();
      continue;
    }
    if (typeof line !== 'object' || line === null) throw new UnreadableFileError(`${at}: not a JSON object.`);
    yield { line: line as Record<string, unknown>, at };
  }
}

type Line = Readonly<Record<string, unknown>>;

const isText = (value: unknown) => typeof value === 'string';

function isRow(line: Line): line is Line & StoredAuditRow {
  const { id, tenantId, canonical, leafHash, createdAt } = line;
  return isId(id) && [canonical, leafHash, createdAt].every(isText) && (tenantId === null || isText(tenantId));
}

function isCheckpoint(line: Line): line is Line & StoredCheckpoint {
  const { body, signature, manifest, hash } = line;
  return (
    [body, signature].every(isText) && [manifest, hash].every((value) => value === undefined || value === null || isText(value))
  );
}
