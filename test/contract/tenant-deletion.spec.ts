import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { genId, getDbUri, type HostDatabaseOptions, Subscription, UnitOfWork } from 'nestjs-host-database';
import { AuditLegalHolds, type HostAuditLog } from 'nestjs-host-database/audit';
import { JobSchedulesService, JobsService } from 'nestjs-host-database/jobs';
import { MembershipsService, RolesService } from 'nestjs-host-database/memberships';
import {
  FileTenantExportSink,
  TenantDatabases,
  TenantDeletion,
  type TenantExportManifest,
  TenantProvisionings,
  TenantStorage,
} from 'nestjs-host-database/tenant-databases';
import { TenantDeletionParts, TenantDomains, TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const PageSchema = defineEntity({
  name: 'Page',
  properties: {
    id: p.integer().primary(),
    title: p.string(),
    body: p.json().$type<{ readonly text: string }>(),
    scan: p.blob().nullable(),
    words: p.bigint().nullable(),
    writtenAt: p.datetime(3),
    tags: () => p.manyToMany(Tag),
  },
});
class Page extends PageSchema.class {}
PageSchema.setClass(Page);

const TagSchema = defineEntity({ name: 'Tag', properties: { name: p.string().primary() } });
class Tag extends TagSchema.class {}
TagSchema.setClass(Tag);

/** Keeps something else than what it was given, if it is told to. */
class SpoilingSink extends FileTenantExportSink {
  isSpoilt = false;

  constructor(private readonly path: string) {
    super(path);
  }

  override async write(tenantId: string, name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await super.write(tenantId, name, chunks);
    if (this.isSpoilt && name === 'tag.jsonl') await writeFile(join(this.path, tenantId, name), '{"name":"a"}\n');
  }
}

const DAY_MS = 86_400_000;
/** More than one page of an export. */
const PAGES = 1_203;
const keys = () => ({ keyId: 'k1', keys: { k1: randomBytes(32) } });

interface Variant {
  readonly database: 'sqlite' | 'postgresql';
  readonly options?: Pick<HostDatabaseOptions, 'secrets' | 'tenantDatabases'>;
}

const VARIANTS: readonly (readonly [name: string, variant: Variant])[] = [
  ['sqlite', { database: 'sqlite' }],
  ['postgresql, in databases', { database: 'postgresql' }],
  [
    'postgresql, in schemas and with users of their own',
    { database: 'postgresql', options: { secrets: keys(), tenantDatabases: { placement: { mode: 'schema' } } } },
  ],
];

describe('The deletion of a tenant whose entities name a schema', () => {
  it('counts and exports what is there, too', async () => {
    const Report = defineEntity({ name: 'Report', schema: 'reports', properties: { id: p.integer().primary() } });
    const exportTo = await mkdtemp(join(tmpdir(), 'tenant-exports-'));
    // A file has no schemas.
    const host = await createTestHost({
      database: 'postgresql',
      options: { tenantDeletion: { exportTo, graceDays: 0 }, tenantDatabases: { entities: [Report] } },
    });
    const { id } = await host.newTenant();
    await host.get(TenantDatabases).run(id, async (em) => void em.create(Report, { id: 1 }));
    await host.run(() => host.get(TenantsService).requestDeletion(id, { export: true }));
    await host.runJobs();
    expect((await host.run(() => host.get(TenantDeletion).find(id)))?.removed).toMatchObject({ tables: { 'reports.report': 1 } });
    expect(await readFile(join(exportTo, id, 'reports.report.jsonl'), 'utf8')).toBe('{"id":1}\n');
    await host.close();
    await rm(exportTo, { recursive: true, force: true });
  });
});

describe.each(VARIANTS)('The deletion of a tenant on %s', (_name, { database, options = {} }) => {
  let host: TestHost;
  let sut: TenantDeletion;
  let tenants: TenantsService;
  let exportTo: string;
  let sink: SpoilingSink;

  beforeAll(async () => {
    exportTo = await mkdtemp(join(tmpdir(), 'tenant-exports-'));
    sink = new SpoilingSink(exportTo);
    const { tenantDatabases, ...others } = options;
    host = await createTestHost({
      database,
      options: {
        ...others,
        tenantDeletion: { exportTo: sink, graceDays: 7 },
        tenantDatabases: { ...tenantDatabases, entities: [Page, Tag] },
      },
    });
    sut = host.get(TenantDeletion);
    tenants = host.get(TenantsService);
  });
  afterAll(async () => {
    await host.close();
    await rm(exportTo, { recursive: true, force: true });
  });

  /** A tenant with a little of everything. */
  async function fullTenant(pages = 3) {
    const slug = `s${genId()}`;
    const owner = await host.newUser();
    const request = { name: slug, slug, ownerId: owner.id, idempotencyKey: slug };
    const { id } = await host.run(() => tenants.create(request));
    await host.runJobs();
    const member = await host.newUser();
    await host.run(async () => {
      const role = await host.get(RolesService).create({ tenantId: id, name: 'readers', permissions: ['members.read'] });
      await host.get(MembershipsService).grant({ userId: member.id, tenantId: id, customRoleId: role.id });
      await host.get(JobsService).enqueue('test.later', null, { tenantId: id, delayMs: DAY_MS });
      await host.get(JobsService).enqueue('test.now', null, { tenantId: id });
      await host.get(JobSchedulesService).upsert({ name: `daily-${id}`, type: 'test.daily', cron: '0 3 * * *', tenantId: id });
      await host.get(TenantDomains).add(id, `${slug}.example`);
      const { em } = host.hostDatabase;
      em.create(Subscription, { tenant: id, planTier: 'pro', status: 'canceled' });
    });
    await host.get(TenantDatabases).run(id, async (em) => {
      const tags = ['a', 'b'].map((name) => em.create(Tag, { name }));
      for (let index = 1; index <= pages; index++) {
        const page = em.create(Page, {
          id: index,
          title: `Page ${index}`,
          body: { text: 'Grüße\n' },
          scan: Buffer.from([0, 255, index % 256]),
          words: 9_007_199_254_740_993n,
          writtenAt: new Date(index),
        });
        if (index <= 2) page.tags.set(tags);
      }
    });
    const { dbUrl } = await host.run(() => tenants.getById(id));
    return { id, slug, dbUrl, owner };
  }

  const plan = (id: string) => host.run(() => sut.plan(id));
  const records = (id: string, eventType: string): Promise<HostAuditLog[]> =>
    host.run(() => host.hostDatabase.auditLogs.find({ targetId: id, eventType }));
  const sql = <T extends object>(text: string, values: unknown[] = []) =>
    host.run(() => host.get(UnitOfWork).em.execute<T[]>(text, values));

  /** Looked up on the server itself, past all that the library says. */
  async function leftOnServer(id: string): Promise<string[]> {
    if (database === 'sqlite')
      return (await readdir(host.options.tenantDatabases?.directory ?? '')).filter((file) => file.includes(id));
    const found = await sql<{ name: string }>(
      `select datname as name from pg_database where datname = ? union all select 'role ' || rolname from pg_roles where rolname = ?`,
      [`tenant_${id}`, `tenant_${id}`],
    );
    return found.map(({ name }) => name);
  }

  it('does what its plan says: exactly that, and nothing else', async () => {
    const { id, slug } = await fullTenant();
    const bystander = await fullTenant();
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0, reason: 'the customer has left' }));
    const { removes, keeps, ...told } = await plan(id);
    expect(told).toMatchObject({ tenantId: id, status: 'pending_deletion', isExported: false });
    expect(removes).toEqual({
      storage: [expect.stringContaining(id)],
      users: options.secrets ? [`tenant_${id}`] : [],
      tables: { page: 3, page_tags: 4, tag: 2 },
      parts: {
        jobs: { sys_jobs: 3, sys_job_schedules: 1 },
        domains: { core_tenant_domains: 1 },
        memberships: { core_memberships: 2 },
        roles: { core_roles: 1 },
        provisioning: {
          sys_tenant_provisionings: 1,
          sys_tenant_provisioning_steps: expect.any(Number),
          sys_tenant_requests: 1,
        },
      },
      slug,
    });
    expect(await plan(id)).toEqual({ removes, keeps, ...told });
    expect(await leftOnServer(id)).not.toEqual([]);

    await host.runJobs();
    const row = await host.run(() => tenants.getById(id));
    expect(row).toMatchObject({ status: 'deleted', isActive: false, dbUrl: null, dbUrlHash: null, slug: null });
    const record = await host.run(() => sut.find(id));
    expect(record?.removed).toEqual(removes);
    expect(record?.completedAt).toEqual(host.clock.now());
    expect((await records(id, 'tenants.purged'))[0]?.details).toMatchObject({ removed: removes });

    // By looking oneself.
    expect(await leftOnServer(id)).toEqual([]);
    for (const address of removes.storage) expect(await host.get(TenantStorage).exists(address)).toBe(false);
    const ofHost = ['core_memberships', 'core_roles', 'core_tenant_domains', 'sys_jobs', 'sys_job_schedules'];
    for (const table of [...ofHost, 'sys_tenant_provisionings', 'sys_tenant_provisioning_steps', 'sys_tenant_requests']) {
      expect(await sql(`select 1 from ${table} where tenant_id = ?`, [id])).toEqual([]);
    }
    expect(await host.run(() => tenants.findBySlug(slug))).toBeNull();
    expect(await sql('select 1 from core_subscriptions where tenant_id = ?', [id])).toHaveLength(1);
    const [log] = await sql<{ total: number }>('select count(*) as total from sys_audit_logs where tenant_id = ?', [id]);
    expect(Number(log?.total)).toBeGreaterThan(keeps.rows['sys_audit_logs'] ?? Infinity);
    expect(await records(id, 'tenants.deletion-requested')).toHaveLength(1);
    expect(await host.run(() => host.hostDatabase.auditLogs.count({ tenantId: id, eventType: 'memberships.deleted' }))).toBe(2);

    // The other one is as it was.
    expect(await host.get(TenantDatabases).run(bystander.id, (em) => em.count(Page))).toBe(3);
    expect((await plan(bystander.id)).removes).toMatchObject({ tables: removes.tables, parts: removes.parts });
    await expect(host.get(TenantDatabases).run(id, () => 'entered')).rejects.toMatchObject({ status: 'deleted' });
    const { slug: freed } = await host.newTenant({ slug });
    expect(freed).toBe(slug);
  });

  it('can be taken back with everything until its time is over, and never after', async () => {
    const { id, slug, dbUrl } = await fullTenant();
    await host.run(() => tenants.requestDeletion(id));
    await expect(host.get(TenantDatabases).run(id, () => 'entered')).rejects.toMatchObject({ status: 'pending_deletion' });
    host.clock.advance(7 * DAY_MS - 1);
    await host.runJobs();
    expect(await host.run(() => tenants.restore(id))).toMatchObject({ status: 'active', slug, dbUrl });
    expect(await host.get(TenantDatabases).run(id, (em) => em.count(Page))).toBe(3);
    host.clock.advance(DAY_MS);
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'active' });

    await host.run(() => tenants.requestDeletion(id, { graceDays: 0 }));
    await expect(host.run(() => tenants.restore(id))).rejects.toMatchObject({ code: 'TENANTS_DELETION_DUE' });
    await host.runJobs();
    await expect(host.run(() => tenants.restore(id))).rejects.toMatchObject({ code: 'TENANTS_STATUS_CONFLICT', from: 'deleted' });
  });

  it('is taken up by the sweep where its job was lost', async () => {
    const { id } = await fullTenant();
    await host.run(() => tenants.requestDeletion(id));
    const [job] = await host.jobs.expectEnqueued('tenants.delete', { payload: { tenantId: id } });
    await host.run(() => host.get(JobsService).cancel(job?.id ?? ''));
    await host.run(() => host.get(JobsService).enqueue('tenants.sweep-deletions', null));
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'pending_deletion' });
    host.clock.advance(7 * DAY_MS);
    await host.run(() => host.get(JobsService).enqueue('tenants.sweep-deletions', null));
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted' });
  });

  it('exports every row before, and says what it has exported', async () => {
    const { id, slug } = await fullTenant(PAGES);
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0, export: true }));
    expect((await plan(id)).isExported).toBe(true);
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted' });
    expect((await readdir(join(exportTo, id))).toSorted()).toEqual([
      'manifest.json',
      'page.jsonl',
      'page_tags.jsonl',
      'tag.jsonl',
    ]);
    const read = (name: string) => readFile(join(exportTo, id, name));
    const manifest = JSON.parse((await read('manifest.json')).toString()) as TenantExportManifest;
    expect(manifest).toMatchObject({ format: 1, tenant: { id, slug }, exportedAt: host.clock.now().toISOString() });
    for (const { name, rows, bytes, sha256 } of manifest.files) {
      const content = await read(name);
      expect({ name, bytes, sha256, rows }).toEqual({
        name,
        bytes: content.byteLength,
        sha256: createHash('sha256').update(content).digest('hex'),
        rows: content.toString().split('\n').length - 1,
      });
    }
    expect(manifest.files.map(({ table, rows }) => [table, rows])).toEqual([
      ['page', PAGES],
      ['page_tags', 4],
      ['tag', 2],
    ]);
    const pages = (await read('page.jsonl'))
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(new Set(pages.map((page) => page['id'])).size).toBe(PAGES);
    expect(pages[6]).toMatchObject({ id: 7, title: 'Page 7', scan: '\\x00ff07' });
    expect((await read('page.jsonl')).toString().match(/9007199254740993/g)).toHaveLength(PAGES);
    const details = (await records(id, 'tenants.purged'))[0]?.details as { removed: { export: unknown } };
    expect(details.removed.export).toEqual(manifest.files);
  });

  it('exports and removes one that was put away before all of its tables were made', async () => {
    const { id } = await fullTenant();
    await host.get(TenantDatabases).run(id, (em) => em.execute('drop table page_tags'));
    await host.run(() => tenants.archive(id));
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0, export: true }));
    expect((await plan(id)).removes.tables).toEqual({ page: 3, tag: 2 });
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted' });
    expect((await host.run(() => sut.find(id)))?.removed).toMatchObject({ tables: { page: 3, tag: 2 } });
    expect((await readdir(join(exportTo, id))).toSorted()).toEqual(['manifest.json', 'page.jsonl', 'tag.jsonl']);
    expect(await leftOnServer(id)).toEqual([]);
  });

  it('removes nothing where the export is not what was written, and goes on when it is', async () => {
    const { id } = await fullTenant();
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0, export: true }));
    sink.isSpoilt = true;
    await host.runJobs();
    const [job] = await host.jobs.enqueued('tenants.delete', { payload: { tenantId: id } });
    expect(job?.errorLog).toContain('TenantExportFailedError');
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'pending_deletion' });
    expect((await plan(id)).removes.tables).toEqual({ page: 3, page_tags: 4, tag: 2 });
    await expect(host.run(() => tenants.restore(id))).rejects.toMatchObject({ code: 'TENANTS_DELETION_DUE' });
    sink.isSpoilt = false;
    host.clock.advance(DAY_MS);
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted' });
  });

  it('takes a tenant along that failed, or was never provisioned, and what was begun for it', async () => {
    const { id } = await host.newTenant({ provisioned: false });
    await host.runJobs();
    const place = (await plan(id)).removes.storage[0] ?? '';
    const other = await host.newTenant({ provisioned: false });
    // As of a provisioning that has died on its way.
    await host.get(TenantStorage).create(place.replaceAll(id, other.id));
    if (database === 'sqlite') await writeFile(place.replace('sqlite://', '').replaceAll(id, other.id), '');
    await host.run(() => tenants.markFailed(other.id));
    await host.run(() => tenants.requestDeletion(other.id, { graceDays: 0 }));
    expect((await plan(other.id)).removes).toMatchObject({ storage: [place.replaceAll(id, other.id)], tables: {} });
    await host.runJobs();
    expect(await host.run(() => tenants.getById(other.id))).toMatchObject({ status: 'deleted' });
    expect(await leftOnServer(other.id)).toEqual([]);
    expect(await host.get(TenantStorage).exists(place)).toBe(true);
  });

  it('leaves no provisioning that is rescued for ever', async () => {
    const { id } = await host.newTenant({ provisioned: false });
    const [job] = await host.jobs.expectEnqueued('tenants.provision-database', { payload: { tenantId: id } });
    await host.run(() => host.get(JobsService).cancel(job?.id ?? ''));
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0 }));
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted' });
    const rows = () => sql('select state from sys_tenant_provisionings where tenant_id = ?', [id]);
    expect(await rows()).toEqual([{ state: 'pending' }]);
    const rescue = () => host.run(() => host.get(TenantProvisionings).rescueLost());
    expect(await rescue()).toBe(1);
    await host.runJobs();
    expect(await rows()).toEqual([]);
    expect(await sql('select 1 from sys_tenant_provisioning_steps where tenant_id = ?', [id])).toEqual([]);
    expect(await rescue()).toBe(0);
    expect(await leftOnServer(id)).toEqual([]);
  });

  it('leaves a log that is held as it is, and says so', async () => {
    const { id } = await fullTenant();
    const hold = await host.run(() => host.get(AuditLegalHolds).place({ tenantId: id, reason: 'a court asks' }));
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0 }));
    const before = await host.run(() => host.hostDatabase.auditLogs.count({ tenantId: id }));
    expect((await plan(id)).keeps).toMatchObject({ isLogHeld: true });
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted' });
    expect(await host.run(() => host.hostDatabase.auditLogs.count({ tenantId: id }))).toBeGreaterThan(before);
    await host.run(() => host.get(AuditLegalHolds).release(hold.id));
  });

  it('takes along what the application has added', async () => {
    const { id } = await fullTenant();
    let files = 3;
    const name = `files-${genId()}`;
    host.get(TenantDeletionParts).add({
      name,
      count: (tenantId) => Promise.resolve({ files: tenantId === id ? files : 0 }),
      remove: (tenantId) => {
        const removed = tenantId === id ? files : 0;
        files -= removed;
        return Promise.resolve({ files: removed });
      },
    });
    expect(() => host.get(TenantDeletionParts).add({ name, count: async () => ({}), remove: async () => ({}) })).toThrow(name);
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0 }));
    const { removes } = await plan(id);
    expect(removes.parts[name]).toEqual({ files: 3 });
    await host.runJobs();
    expect(files).toBe(0);
    expect((await host.run(() => sut.find(id)))?.removed).toEqual(removes);
  });

  it('leaves what the application has made itself on a server of its own, and says so', async () => {
    const { id } = await host.newTenant({ provisioned: false });
    const file = join(exportTo, 'foreign.db');
    await writeFile(file, '');
    const foreign = database === 'sqlite' ? `sqlite://${file}` : 'postgresql://elsewhere.example:5432/foreign';
    await host.run(() => tenants.activate(id, foreign));
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0 }));
    expect(await plan(id)).toMatchObject({ keeps: { storage: [foreign] }, removes: { storage: [], users: [], tables: {} } });
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'deleted', dbUrl: null });
    expect(existsSync(file)).toBe(true);
  });

  it('is refused to a tenant whose address is that of the host database', async () => {
    const { id } = await host.newTenant({ provisioned: false });
    await host.run(() => tenants.activate(id, getDbUri(host.hostDatabase).replace(/\/\/[^/]*@/, '//')));
    await host.run(() => tenants.requestDeletion(id, { graceDays: 0 }));
    const refusal = { code: 'TENANT_DATABASES_PLACE_IS_HOST', tenantId: id };
    await expect(plan(id)).rejects.toMatchObject(refusal);
    await host.runJobs();
    expect(await host.run(() => tenants.getById(id))).toMatchObject({ status: 'pending_deletion' });
    // Nobody drops it at the end of the test either.
    await host.run(async () => {
      (await tenants.getById(id)).dbUrl = null;
    });
  });
});
