import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostDatabase } from 'nestjs-host-database';
import { type Program, startProgram } from './support/child-process.js';
import { PASSWORD } from './support/reference-app.js';

const MAIN = new URL('../src/main.ts', import.meta.url);
const WORKER = new URL('../src/worker.ts', import.meta.url);

describe('the application with a worker process of its own', () => {
  let directory: string;
  let web: Program;
  let worker: Program;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'worker-'));
    const start = (program: URL, env = {}) => startProgram(program, { cwd: directory, env });
    web = start(MAIN, { PORT: '0', JOBS_WORKER: 'off' });
    await web.said(/sign-up/);
    worker = start(WORKER);
  });
  afterEach(async () => {
    for (const { child, ended } of [web, worker]) {
      child.kill('SIGKILL');
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  });

  it('has its workspaces provisioned there, and both stop in order', async () => {
    const url = /Listening on (\S+),/.exec(await web.said(/Listening/))?.[1];
    const post = async (path: string, body: object, token?: string) => {
      const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await response.json()) as Record<string, string>;
    };
    await worker.said(/Running jobs/);
    const { token } = await post('/auth/sign-up', { email: 'ada@example.com', password: PASSWORD });
    const workspace = await post('/workspaces', { name: 'Engines' }, token);
    expect(workspace.status).toBe('active');
    expect(await post(`/workspaces/${workspace.id}/projects`, { name: 'Difference engine' }, token)).toMatchObject({
      name: 'Difference engine',
    });

    const host = await HostDatabase.open({ database: { type: 'sqlite', name: join(directory, 'app_host') } });
    expect(await host.em.execute('select pid from sys_job_workers')).toEqual([{ pid: worker.child.pid }]);
    await host.close();

    for (const { child, ended } of [web, worker]) {
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ signal: 'SIGTERM', stderr: '' });
    }
    // SQLite removes the write-ahead log with the last connection that is closed in order.
    expect((await readdir(directory)).toSorted()).toEqual(['app_host.db', 'audit-keys', 'tenants']);
  });
});

describe('the worker process with a wrong setting', () => {
  it('ends with one message that names it', async () => {
    const { ended } = startProgram(WORKER, { cwd: tmpdir(), env: { DB_TYPE: 'ORACLE' } });
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('DB_TYPE')]);
  });
});
