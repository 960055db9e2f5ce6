import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Program, startProgram } from './support/child-process.js';
import { PASSWORD } from './support/reference-app.js';

const MAIN = new URL('../src/main.ts', import.meta.url);

describe('the application without a mail server', () => {
  let directory: string;
  let program: Program;
  let url: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'main-'));
    program = startProgram(MAIN, { cwd: directory, env: { PORT: '0' } });
    url = /Listening on (\S+),/.exec(await program.said(/Listening on \S+,/))?.[1] ?? '';
  });
  afterEach(async () => {
    program.child.kill('SIGKILL');
    await program.ended;
    await rm(directory, { recursive: true, force: true });
  });

  async function call(method: string, path: string, { token, body }: { token?: string; body?: object } = {}) {
    const headers = {
      ...(body && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, string> };
  }
  const signUp = async (email: string) => {
    const { body } = await call('POST', '/auth/sign-up', { body: { email, password: PASSWORD } });
    return body.token ?? '';
  };
  /** The token of the link that the log has. */
  const linkedToken = async (template: string, to: string) => {
    const link = new RegExp(`${template} to ${to} \\S+#token=([\\w-]+)`);
    return link.exec(await program.said(link))?.[1] ?? '';
  };

  it('lets people verify their address and come by an invitation, with the links that it logs', async () => {
    const [ada, grace] = [await signUp('ada@example.com'), await signUp('grace@example.com')];
    const { body: workspace } = await call('POST', '/workspaces', { token: ada, body: { name: 'Engines' } });
    const members = `/workspaces/${workspace.id}/members`;
    expect((await call('GET', members, { token: grace })).status).toBe(403);

    const invitation = { email: 'grace@example.com', role: 'admin' };
    const invited = await call('POST', `/workspaces/${workspace.id}/invitations`, { token: ada, body: invitation });
    expect(invited.status).toBe(201);
    const accept = `/invitations/${await linkedToken('invitation', 'grace@example.com')}/accept`;
    expect((await call('POST', accept, { token: grace })).body.code).toBe('MEMBERSHIPS_INVITATION_EMAIL_NOT_VERIFIED');

    expect((await call('POST', '/auth/verify-email/send', { token: grace })).status).toBe(202);
    const token = await linkedToken('verify-email', 'grace@example.com');
    expect((await call('POST', '/auth/verify-email', { body: { token } })).status).toBe(204);
    expect(await call('POST', accept, { token: grace })).toMatchObject({ status: 200, body: { role: 'admin' } });
    expect((await call('GET', members, { token: grace })).status).toBe(200);
  });
});
