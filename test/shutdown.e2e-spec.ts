import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Program, startProgram } from './support/child-process.js';

const MAIN = new URL('../src/main.ts', import.meta.url);

describe.each(['express', 'fastify'])('the application in a process of its own, on %s', (adapter) => {
  let directory: string;
  let program: Program;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'main-'));
    program = startProgram(MAIN, { cwd: directory, env: { PORT: '0', HTTP_ADAPTER: adapter } });
  });
  afterEach(async () => {
    program.child.kill('SIGKILL');
    await program.ended;
    await rm(directory, { recursive: true, force: true });
  });

  it('says where it listens and what to try first, serves, and leaves nothing open when it is told to stop', async () => {
    const said = await program.said(/curl .*sign-up[^\n]*\n/);
    const url = /Listening on (\S+), described at (\S+)\./.exec(said);
    expect((await fetch(`${url?.[1]}/health`)).status).toBe(200);
    expect((await fetch(url?.[2] ?? '')).status).toBe(200);
    expect(await readdir(directory)).toContain('app_host.db-wal');

    program.child.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ signal: 'SIGTERM', stderr: '' });
    // SQLite removes the write-ahead log with the last connection that is closed in order.
    expect((await readdir(directory)).toSorted()).toEqual(['app_host.db', 'audit-keys']);
  });
});

describe('the application with a wrong setting', () => {
  it.each([
    ['DB_TYPE', { DB_TYPE: 'ORACLE' }],
    ['DB_PASS', { DB_TYPE: 'POSTGRESQL' }],
    ['PORT', { PORT: 'http' }],
    ['JOBS_WORKER', { JOBS_WORKER: 'maybe' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://app.example.com' }],
  ])('ends with one message that names %s', async (setting, env) => {
    const cwd = await mkdtemp(join(tmpdir(), 'main-'));
    const { ended } = startProgram(MAIN, { cwd, env });
    const { code, stderr } = await ended;
    await rm(cwd, { recursive: true, force: true });
    expect(code).toBe(1);
    expect(stderr).toContain(setting);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
