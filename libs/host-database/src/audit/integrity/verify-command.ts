import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { isId } from '../../common/index.js';
import { AuditVerifier, type VerificationOptions } from './audit-verifier.js';
import type { StoredCheckpoint } from './checkpoint-verdict.js';
import { readCheckpointBody } from './checkpoint.js';
import { readExport, readKept, UnreadableFileError } from './export-file.js';
import { InvalidSigningKeyError } from './integrity.errors.js';
import type { PublicKeyMap } from './public-keys.js';
import { reportText } from './report-text.js';
import type { AuditReport } from './verification-report.js';

/** The exit status: 0 nothing found, 1 something found, 2 called or fed wrongly. */
export type VerifyStatus = 0 | 1 | 2;

/** Where the command writes to. */
export interface VerifyOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const USAGE = `Usage: host-database-audit-verify EXPORT --keys FILE [options]

Verifies an export of the audit log (JSON lines of rows and checkpoints) without any database.

  --keys FILE             JSON object: key id -> public key in PEM (required)
  --kept FILE             checkpoints that an anchor kept: JSON lines with body and signature
  --scope SCOPE           verify this scope only: host, or the id of a tenant. May be repeated.
                          Without it: every scope that the export has
  --max-unsealed SECONDS  how old a row in no checkpoint may be (default 3600)
  --purged-through ID     the cut-off of retention: rows with smaller ids may be gone
  --now TIME              when the export was made, ISO 8601 (default: now)
  --json                  print the reports as JSON
  --help                  print this

Exit status: 0 nothing found, 1 something found, 2 wrong usage or an unreadable file.
`;

const OPTIONS = {
  keys: { type: 'string' },
  kept: { type: 'string' },
  scope: { type: 'string', multiple: true },
  'max-unsealed': { type: 'string', default: '3600' },
  'purged-through': { type: 'string' },
  now: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

class UsageError extends Error {}

/** Runs the command line program. Resolves to its exit status; rejects only for what is no fault of its input. */
export async function runVerifyCommand(args: readonly string[], output: VerifyOutput): Promise<VerifyStatus> {
  try {
    const command = readArguments(args);
    if (command === 'help') {
      output.out(USAGE);
      return 0;
    }
    const reports = await verifyExport(command, output);
    if (reports.length === 0) throw new UsageError('There is nothing to verify: no row, no checkpoint and no --scope.');
    output.out(
      command.json ? `${JSON.stringify({ ok: reports.every(({ ok }) => ok), reports }, null, 2)}\n` : reportText(reports),
    );
    return reports.every(({ ok }) => ok) ? 0 : 1;
  } catch (error) {
    if (!isFaultOfInput(error)) throw error;
    output.err(`${error.message}\n${error instanceof UsageError ? `\n${USAGE}` : ''}`);
    return 2;
  }
}

interface Command {
  readonly file: string;
  readonly keys: string;
  readonly kept: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly json: boolean;
  readonly options: Omit<VerificationOptions, 'scope' | 'publicKeys'>;
}

function readArguments(args: readonly string[]): Command | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError('Name one export.');
  if (values.keys === undefined) throw new UsageError('--keys is missing.');
  const maxUnsealedSeconds = Number(values['max-unsealed']);
  if (!(maxUnsealedSeconds >= 0)) throw new UsageError('--max-unsealed is not a number of seconds.');
  const now = values.now === undefined ? new Date() : new Date(values.now);
  if (Number.isNaN(now.getTime())) throw new UsageError('--now is not a time.');
  const purgedThrough = values['purged-through'];
  if (purgedThrough !== undefined && !isId(purgedThrough)) throw new UsageError('--purged-through is not the id of a row.');
  return {
    file,
    keys: values.keys,
    kept: values.kept,
    scopes: values.scope,
    json: values.json,
    options: { now, maxUnsealedMs: maxUnsealedSeconds * 1000, purgedThrough: purgedThrough ?? null },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

/** Reads the export twice, since rows may stand before the checkpoints that hold them. */
async function verifyExport({ file, keys, kept, scopes, options }: Command, { err }: VerifyOutput): Promise<AuditReport[]> {
  const publicKeys = await readKeys(keys);
  const keptByScope = kept === undefined ? new Map<string, StoredCheckpoint[]>() : await readKeptByScope(kept, err);
  const verifiers = new Map<string, AuditVerifier>();
  const verifierOf = (scope: string): AuditVerifier | undefined => {
    const known = verifiers.get(scope);
    if (known || (scopes && !scopes.includes(scope))) return known;
    const verifier = new AuditVerifier({ ...options, scope, publicKeys });
    for (const copy of keptByScope.get(scope) ?? []) verifier.addKept(copy);
    verifiers.set(scope, verifier);
    return verifier;
  };
  scopes?.forEach(verifierOf);
  // A checkpoint that does not say whose it is, is taken for one of the scope whose checkpoints stand around it.
  let scope: string | undefined;
  let unclaimed: StoredCheckpoint[] = [];
  for await (const line of readExport(file)) {
    if (line.kind === 'row') {
      verifierOf(line.scope);
      continue;
    }
    scope = line.scope ?? scope;
    unclaimed.push(line.checkpoint);
    if (scope === undefined) continue;
    for (const checkpoint of unclaimed) verifierOf(scope)?.addCheckpoint(checkpoint);
    unclaimed = [];
  }
  for (const verifier of verifiers.values()) unclaimed.forEach((checkpoint) => verifier.addCheckpoint(checkpoint));
  for await (const line of readExport(file)) if (line.kind === 'row') verifiers.get(line.scope)?.addRow(line.row);
  const reports = [...verifiers.values()].map((verifier) => verifier.finish());
  // An export of one tenant has nothing of the others, whose checkpoints the anchor keeps in the same file.
  const absent = scopes ? 0 : [...keptByScope.keys()].filter((each) => !verifiers.has(each)).length;
  if (absent === 0) return reports;
  const limit =
    `The kept checkpoints are of ${absent} more scopes, of which the export has nothing: whether it should cannot be told. ` +
    'Name them with --scope to have them verified.';
  return reports.map((report) => Object.assign(report, { limits: [...report.limits, limit] }));
}

async function readKeptByScope(path: string, err: VerifyOutput['err']): Promise<Map<string, StoredCheckpoint[]>> {
  const onSkipped = (lines: number) => err(`${path}: ${lines} lines are not JSON and were passed over.\n`);
  const copies: StoredCheckpoint[] = [];
  for await (const copy of readKept(path, onSkipped)) copies.push(copy);
  return Map.groupBy(copies, ({ body }) => {
    const content = readCheckpointBody(body);
    if (!content) throw new UnreadableFileError(`${path}: holds a checkpoint whose body cannot be read.`);
    return content.scope;
  });
}

async function readKeys(path: string): Promise<PublicKeyMap> {
  const text = await readFile(path, 'utf8');
  let keys: unknown;
  try {
    keys = JSON.parse(text);
  } catch (cause) {
    throw new UnreadableFileError(`${path}: not JSON.`, { cause });
  }
  const isMap = typeof keys === 'object' && keys !== null && Object.values(keys).every((pem) => typeof pem === 'string');
  if (!isMap) throw new UnreadableFileError(`${path}: not an object of key ids and public keys in PEM.`);
  return keys as PublicKeyMap;
}

function isFaultOfInput(error: unknown): error is Error {
  if (error instanceof UsageError || error instanceof UnreadableFileError || error instanceof InvalidSigningKeyError) return true;
  return ['ENOENT', 'EACCES', 'EISDIR'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
