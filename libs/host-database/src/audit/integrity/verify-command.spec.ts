import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Log, makeLog, makeRecord, NOW, rowOf, seal, TENANT } from '../../../test/audit/audit-log-in-memory.js';
import { readLines } from './export-file.js';
import type { AuditReport } from './verification-report.js';
import { runVerifyCommand } from './verify-command.js';

let folder: string;
let log: Log;
let host: Log;

const file = async (name: string, text: string) => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const lines = (objects: readonly object[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join('');
const rowLines = ({ rows }: Log) => rows.map((row) => ({ kind: 'row', ...row }));
const checkpointLines = ({ checkpoints }: Log) =>
  checkpoints.map(({ body, signature, manifest }) => ({ kind: 'checkpoint', body, signature, manifest }));
const keptLines = (...logs: Log[]) =>
  logs.flatMap(({ checkpoints }) => checkpoints.map(({ body, signature }) => ({ body, signature })));

/** Writes the files and runs the command on them. */
async function run({ exported, args = [] }: { exported?: readonly object[]; args?: readonly string[] } = {}) {
  const all = exported ?? [{ kind: 'export', of: 'all' }, ...rowLines(log), ...checkpointLines(log)];
  const path = await file('export.jsonl', lines(all));
  const pems = Object.fromEntries([log, host].map(({ key }) => [key.keyId, key.publicKey]));
  const keys = await file('keys.json', JSON.stringify(pems));
  return runWith([path, '--keys', keys, '--now', NOW.toISOString(), ...args]);
}

async function runWith(args: readonly string[]) {
  const written = { out: '', err: '' };
  const status = await runVerifyCommand(args, {
    out: (text) => (written.out += text),
    err: (text) => (written.err += text),
  });
  return { status, ...written };
}

const reportsOf = ({ out }: { out: string }) => (JSON.parse(out) as { reports: AuditReport[] }).reports;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-verify-'));
  log = await makeLog();
  host = await makeLog(null);
});
afterEach(() => rm(folder, { recursive: true }));

describe(runVerifyCommand.name, () => {
  it('finds nothing in an untouched export, and says what that does not mean', async () => {
    const { status, out, err } = await run();
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain(`Scope ${TENANT}: nothing found`);
    expect(out).toContain('34 checked: 30 sealed, 4 not');
    expect(out).toContain('No checkpoint that was kept outside');
  });

  it('finds what was done to an export, for people and as JSON', async () => {
    const [row] = log.rows.splice(13, 1);
    const { status, out } = await run();
    expect(status).toBe(1);
    expect(out).toContain(`missing: row ${row?.id}`);
    const json = await run({ args: ['--json'] });
    expect(json.status).toBe(1);
    expect(reportsOf(json)).toMatchObject([
      { scope: TENANT, ok: false, checkedRows: 33, findings: [{ kind: 'missing', id: row?.id }] },
    ]);
  });

  it('verifies each scope of an export, and against the checkpoints that were kept', async () => {
    const kept = await file('kept.jsonl', lines(keptLines(host, log)));
    const exported = [...checkpointLines(host), ...rowLines(log), ...checkpointLines(log), ...rowLines(host)];
    const both = await run({ exported, args: ['--kept', kept, '--json'] });
    expect(both.status).toBe(0);
    expect(reportsOf(both).map(({ scope, checkedRows }) => [scope, checkedRows])).toEqual([
      ['host', 34],
      [TENANT, 34],
    ]);
    // An export of one tenant says nothing of the host: to be asked for by name.
    const one = await run({ args: ['--kept', kept, '--json'] });
    expect(one.status).toBe(0);
    expect(reportsOf(one).map(({ scope }) => scope)).toEqual([TENANT]);
    expect(reportsOf(one)[0]?.limits.join(' ')).toContain('of 1 more scopes');
    const named = await run({ args: ['--kept', kept, '--scope', 'host', '--scope', TENANT, '--json'] });
    expect(reportsOf(named).map(({ findingsByKind }) => findingsByKind)).toEqual([{ truncated: 1 }, {}]);
    expect((await run({ args: ['--kept', kept, '--scope', TENANT] })).status).toBe(0);
  });

  it('passes over the line that an anchor left unfinished when its process died, and says so', async () => {
    const [first = '', ...rest] = lines(keptLines(log)).split(/(?<=\n)/);
    const kept = await file('kept.jsonl', `${first.slice(0, 40)}\n${first}${rest.join('')}`);
    const { status, err, out } = await run({ args: ['--kept', kept] });
    expect({ status, err }).toEqual({ status: 0, err: `${kept}: 1 lines are not JSON and were passed over.\n` });
    expect(out).not.toContain('No checkpoint that was kept outside');
  });

  it('lays a checkpoint that cannot be read on the scope whose checkpoints are around it', async () => {
    log.checkpoints[0]!.body = 'x';
    const exported = [...rowLines(log), ...checkpointLines(log), ...checkpointLines(host), ...rowLines(host)];
    const reports = reportsOf(await run({ exported, args: ['--json'] }));
    expect(reports.map(({ scope, findingsByKind }) => [scope, findingsByKind])).toEqual([
      [TENANT, { 'checkpoint-edited': 1, 'broken-chain': 1 }],
      ['host', {}],
    ]);
  });

  it('heeds how long a row may wait, and the cut-off of retention', async () => {
    log.rows.push(rowOf(makeRecord({}, 10)));
    expect((await run({ args: ['--max-unsealed', '300'] })).status).toBe(1);
    expect((await run({ args: ['--max-unsealed', '900'] })).status).toBe(0);
    const cutOff = log.rows[10]!.id;
    log.rows.splice(0, 10);
    expect((await run()).status).toBe(1);
    const purged = await run({ args: ['--purged-through', cutOff] });
    expect(purged).toMatchObject({ status: 0, out: expect.stringContaining('10 purged') });
  });

  it('lets nothing in an export steer the terminal', async () => {
    log.checkpoints[2]!.body = log.checkpoints[2]!.body.replace(log.key.keyId, String.raw`\u001b[2J`);
    const { status, out } = await run();
    expect(status).toBe(1);
    expect(out).toContain('unknown key ?[2J');
  });

  it('counts the findings that it does not show', async () => {
    const rows = Array.from({ length: 150 }, () => rowOf(makeRecord()));
    await seal(log, rows);
    expect((await run()).out).toContain('and 50 more: missing 150');
  });

  it.each<[string, (path: (name: string) => string) => string[]]>([
    ['no export', () => []],
    ['two exports', (path) => [path('a'), path('b'), '--keys', path('keys.json')]],
    ['no keys', (path) => [path('export.jsonl')]],
    ['an unknown option', (path) => [path('export.jsonl'), '--kez', path('keys.json')]],
    ['a file that is not there', (path) => [path('none.jsonl'), '--keys', path('keys.json')]],
    ['keys that are none', (path) => [path('export.jsonl'), '--keys', path('no-keys.json')]],
    ['keys that are not JSON', (path) => [path('export.jsonl'), '--keys', path('no-json.txt')]],
    ['an export that is not JSON', (path) => [path('no-json.txt'), '--keys', path('keys.json')]],
    ['an export with half a row', (path) => [path('half-row.jsonl'), '--keys', path('keys.json')]],
    ['a kept file that is none', (path) => [path('export.jsonl'), '--keys', path('keys.json'), '--kept', path('half-row.jsonl')]],
    ['a kept file without JSON', (path) => [path('export.jsonl'), '--keys', path('keys.json'), '--kept', path('no-json.txt')]],
    ['a time that is none', (path) => [path('export.jsonl'), '--keys', path('keys.json'), '--now', 'soon']],
    ['a wait that is none', (path) => [path('export.jsonl'), '--keys', path('keys.json'), '--max-unsealed', 'long']],
    ['a cut-off that is none', (path) => [path('export.jsonl'), '--keys', path('keys.json'), '--purged-through', '1']],
    ['nothing to verify', (path) => [path('empty.jsonl'), '--keys', path('keys.json')]],
  ])('ends with 2 and says why: %s', async (_, argsOf) => {
    // The same files, called rightly.
    expect((await run()).status).toBe(0);
    await file('no-keys.json', '{"k":"x"}');
    await file('no-json.txt', 'x\n');
    await file('half-row.jsonl', lines([{ kind: 'row', id: log.rows[0]!.id }]));
    await file('empty.jsonl', '');
    const { status, out, err } = await runWith(argsOf((name) => join(folder, name)));
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err.length).toBeGreaterThan(10);
  });

  it('tells how it is used', async () => {
    expect(await runWith(['--help'])).toMatchObject({ status: 0, out: expect.stringContaining('--kept FILE') });
  });
});

describe('the program', () => {
  it('takes its arguments from the process and leaves the exit status there', async () => {
    const { argv, exitCode } = process;
    const errors = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      process.argv = ['node', 'verify', '--kez'];
      await import('./verify-cli.js');
      expect(process.exitCode).toBe(2);
      expect(errors).toHaveBeenCalledWith(expect.stringContaining('--kez'));
    } finally {
      Object.assign(process, { argv, exitCode });
      errors.mockRestore();
    }
  });
});

describe(readLines.name, () => {
  it('ends a line at a line feed only, however the file comes in', async () => {
    const expected = ['a\u2028b\u2029c', '', '€'.repeat(70_000), '\r', 'end'];
    const read = async (text: string) => {
      const found: string[] = [];
      for await (const line of readLines(await file('lines', text))) found.push(line);
      return found;
    };
    expect(await read(expected.join('\n'))).toEqual(expected);
    expect(await read('a\n')).toEqual(['a']);
  });
});
