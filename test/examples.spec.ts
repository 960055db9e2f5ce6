import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const RUNNER = fileURLToPath(new URL('../scripts/example.mjs', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));
const GUIDES = fileURLToPath(new URL('../docs/guides/', import.meta.url));

/** What each example says, run as a reader would run it. */
const OUTPUT: Readonly<Record<string, RegExp>> = {
  'access-guard':
    /^200 \{"pro":20\}\n401 \{"code":"ACCESS_NOT_AUTHENTICATED"\}\n200 \{"seen":"reports of Acme as member"\}\n403 \{"code":"ACCESS_PERMISSION_REQUIRED"\}\n403 \{"code":"ACCESS_TENANT_DENIED"\}\n$/,
  'access-invitation':
    /^ada@example\.com invites you to Acme as admin\nMEMBERSHIPS_INVITATION_INVALID\nMEMBERSHIPS_INVITATION_EMAIL_NOT_VERIFIED\nGrace is admin\n$/,
  'access-provider':
    /^ada@example\.com, new: true, owner of 'Notes of ada@example\.com', goes to \/notes\nagain: false\nUSERS_IDENTITY_LINK_REQUIRED\n$/,
  'access-roles':
    /^Host may: invitations\.manage, members\.read\n(MEMBERSHIPS_INSUFFICIENT_AUTHORITY\n){2}MEMBERSHIPS_LAST_OWNER\nthe former owner is a member: false\n$/,
  'access-sign-in':
    /^__Host-session=…; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Lax\n__Host-csrf=…; Max-Age=7776000; Path=\/; Secure; SameSite=Lax\nsigned in: true\nsigned in: false\n$/,
  'audit-capture':
    /^AUDIT_UNAUDITED_WRITE\ncoupons\.created \{"before":null,"after":\{"id":"\w{32}","code":"\[redacted\]","percent":10,"ownerId":"\w{32}"\}\}\ncoupons\.updated \{"before":\{"percent":10\},"after":\{"percent":20\}\}\naudit\.capture-bypassed \{"reason":"the company is two people","tables":\["core_users"\]\}\n$/,
  'audit-erasure': /^ada@example\.com\n\[erased\]\nverification: nothing found\n0 keys were wrapped with a former key\n$/,
  'audit-events':
    /^over the limit\nThere is no event type 'invoices\.snet'\. .*\nin_1: invoices\.sent, success, by 019a0b1c2d3e7f40815a6b7c8d9e0f11 from 203\.0\.113\.7\nin_2: invoices\.sending-denied, denied, by 019a0b1c2d3e7f40815a6b7c8d9e0f11 from 203\.0\.113\.7\n$/,
  'audit-export':
    /^\[ 'memberships\.created', 'memberships\.created' \]\n\[ 'tenants\.created' \]\n3 rows so far\neventType,schemaVersion,outcome\naudit\.log-exported,1,success\n$/,
  'audit-feed': /^0 events before the log is sealed\n1 after it\n\[ 'users\.created' \]\n$/,
  'audit-grants': /^do \$grants\$\n[^]*when 'sys_audit_logs' then 'select, insert'\n[^]*end \$grants\$;\n\n$/,
  'audit-proof': /^tenants\.created was sealed in the checkpoint 1 of its tenant\nproves nothing: not-included\n$/,
  'audit-retention': /^\[ 'legal-hold' \]\n3 rows would be removed\n3 rows were removed\nnothing found, 3 rows purged\n$/,
  'audit-sealing':
    /^\{ sealed: 1, checkpoints: 1, isBusy: false \}\n\[ \{ anchor: 'file', kept: 1 \}, \{ anchor: 'bucket', kept: 1 \} \]\n1 checkpoint in the bucket\n$/,
  'audit-tenants':
    /^AUDIT_UNAUDITED_WRITE\npatients\.created \{"after":\{"id":"\w{32}","name":"Florence","ward":"A"\},"before":null\}\naudit\.capture-bypassed \{"reason":"ward A is painted","tables":\["patients"\]\}\n$/,
  'audit-testing': /^recorded and sealed\n$/,
  'audit-verification':
    /^nothing found: 2 rows, 1 checkpoints\nrefused by the database\nfindings: 3 rows, 1 checkpoints\nedited in host: row <id>: differs from its canonical text: actorUserId\nthe last result is bad\n$/,
  'billing-entitlements':
    /^pro would be created\n402 \{"requires":"subscription","status":"none","graceUntil":null,"portalUrl":"https:\/\/app\.example\.com\/billing"\}\n201 \{"boards":1\}\n402 \{"requires":"subscription","status":"trial",.*\}\n200 \{"charts":3\}\nthe plan has no charts, Acme has: true\napplied: false\n$/,
  'quick-start': /^ada@example\.com has been here since \d{4}-\d{2}-\d{2}T[\d:.]+Z\n$/,
  'unit-of-work': /^The slug acme is taken\. .*\nusers: 1\ntenants: 1\naudit rows: \d+\njobs: 1\n$/,
  'nest-module': /^1 in the guest book\n$/,
  'tenant-databases': /^Acme: Acme's first project\nGlobex: Globex's first project\n$/,
  'tenant-life':
    /^restored: suspended\nwill remove 1 database with \{ project: 1 \}\nwill keep 0 subscriptions\ntaken back: suspended\ndeleted \[ 'manifest\.json', 'project\.jsonl' \]\n$/,
  'tenant-provisioning':
    /^one tenant for one key\nthe owner has a profile\nforbidden\.example\.com is free again\nTENANTS_NOT_ACTIVE\nfailed in book-domain: Discard: Nobody may have that domain\.\n$/,
  'tenant-place': /^Acme: a database on small, open\nGlobex: a database on large, open\n$/,
  'tenant-catalog': /^TXT _tenant-challenge\.app\.acme\.example\n1000 requests for Acme: 1 query\n$/,
  'tenant-fleet':
    /^3 tenants lack Migration20260201000000_labels\ncompleted: 3 of 3 migrated, 0 failed\ncompleted: nothing to do; the application is at Migration20260201000000_labels\n$/,
  'tenant-context':
    /^\{"event":"ready"\}\n\{"event":"added","data":"by websocket"\}\nby another service\n(after 'by (websocket|another service)': 1 in this tenant\n){2}$/,
  'tenant-isolation': /^nothing found in \d{2,} requests\nfound: key notes of the cache\n$/,
  'tenant-secrets':
    /^stored as enc:v1:2026-01\n1 of 1 tenants\n1 of 1 rotated, 0 failed\nstored as enc:v1:2026-07\nand still open\n$/,
  'job-handler': /^Welcome, ada@example\.com!\n1 job done\n$/,
  'job-enqueue': /^mails\.send-welcome in default: scheduled\n(invoices\.send-invoice in invoices: pending\n){4}$/,
  'job-health': /^no worker is alive\ndefault: a job has been ready for 600 s\n$/,
  'job-long': /^completed \{ lines: 3 \}\ncancelled null\n$/,
  'job-retries': /^completed after 2 of 3 attempts\nfailed after 1 of 3 attempts\nfailed after 3 of 3 attempts\n2 redriven\n$/,
  'billing-testing': /^canceled after two weeks\n$/,
  'job-testing': /^reminded\n$/,
  'job-transactional': /^after attempt 1: 0 users, 0 mails\nafter attempt 2: 1 users, 1 mails\n$/,
  'job-worker': /^all written, [1-3] at a time\n$/,
  'scheduled-job':
    /^2030-03-30T12:00:00\.000Z daily report\n2030-03-31T01:00:00\.000Z daily report\n(2030-04-01T08:00:00\.000Z (daily|weekly) report\n){2}$/,
  testing: /^ada is an admin\nGlobex is active\n$/,
};

describe('the examples', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'examples-'));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('are all run here', () => {
    const names = globSync('*.ts', { cwd: EXAMPLES }).map((file) => basename(file, '.ts'));
    expect(names.toSorted()).toEqual(Object.keys(OUTPUT).toSorted());
  });

  it.each(Object.entries(OUTPUT))('%s', async (name, output) => {
    const env = { PATH: process.env.PATH, DB_TYPE: 'SQLITE', DB_NAME: name };
    const child = spawn(process.execPath, [RUNNER, name], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, ...said }).toEqual({ code: 0, stdout: expect.stringMatching(output), stderr: '' });
  });
});

describe('the guides', () => {
  const trimmed = (code: string) =>
    code
      .split('\n')
      .map((line) => line.trim())
      .join('\n');

  it('quote nothing that is not in an example', async () => {
    const examples = await Promise.all(globSync('*.ts', { cwd: EXAMPLES }).map((file) => readFile(join(EXAMPLES, file), 'utf8')));
    const guides = await Promise.all(globSync('*.md', { cwd: GUIDES }).map((file) => readFile(join(GUIDES, file), 'utf8')));
    const blocks = guides.flatMap((guide) => [...guide.matchAll(/^```ts\n([^]*?)\n```$/gm)].map(([, code = '']) => code));
    expect(blocks.length).toBeGreaterThan(0);
    const invented = blocks.filter((block) => !examples.some((example) => trimmed(example).includes(trimmed(block))));
    expect(invented).toEqual([]);
  });
});
