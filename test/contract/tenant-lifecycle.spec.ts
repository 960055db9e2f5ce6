import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId, InvalidInputError, type TenantCatalog, UnitOfWork } from 'nestjs-host-database';
import { AuditCapture } from 'nestjs-host-database/audit';
import {
  TENANT_STATUSES,
  TenantDeletionDueError,
  TenantDeletionRecord,
  TenantExportNotConfiguredError,
  TenantNotFoundError,
  type TenantStatus,
  TenantsService,
  TenantStatusConflictError,
} from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { hostOn } from '../support/audit-hosts.js';
import { scratchDatabase } from '../support/scratch-database.js';

const DAY_MS = 86_400_000;

/** Written down here once more: what the library has in its table is what is to be shown. */
const LEGAL: Readonly<Record<TenantStatus, readonly TenantStatus[]>> = {
  provisioning: ['active', 'failed', 'pending_deletion'],
  active: ['suspended', 'archived', 'pending_deletion'],
  suspended: ['active', 'archived', 'pending_deletion'],
  archived: ['active', 'suspended', 'pending_deletion'],
  pending_deletion: ['active', 'suspended', 'archived', 'failed', 'deleted'],
  deleted: [],
  failed: ['provisioning', 'pending_deletion'],
};

/** How a tenant gets to a status, from `provisioning` on. */
const WAY: Readonly<Record<TenantStatus, readonly TenantStatus[]>> = {
  provisioning: [],
  active: ['active'],
  suspended: ['active', 'suspended'],
  archived: ['active', 'archived'],
  pending_deletion: ['active', 'pending_deletion'],
  deleted: ['active', 'pending_deletion', 'deleted'],
  failed: ['failed'],
};

const PLACES = { sqlite: 'sqlite:///', postgresql: 'postgresql://localhost:5432/' } as const;

const isLegal = (from: TenantStatus, to: TenantStatus) => from === to || LEGAL[from].includes(to);

const PAIRS = TENANT_STATUSES.flatMap((from) => TENANT_STATUSES.map((to) => [from, to] as const));

describe.each(['sqlite', 'postgresql'] as const)('The life of a tenant on %s', (database) => {
  let host: TestHost;
  let sut: TenantsService;

  beforeAll(async () => {
    host = await createTestHost({ database });
    sut = host.get(TenantsService);
  });
  afterAll(async () => {
    await host.close();
  });

  const sql = <T extends object>(text: string, values: unknown[] = []) =>
    host.run(() => host.get(AuditCapture).allowing('the test', (em) => em.execute<T[]>(text, values)));
  const time = database === 'sqlite' ? 0 : new Date(0);

  async function insert(status: string, columns: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const row = {
      id: genId(),
      name: 'x',
      status,
      is_active: status === 'active',
      created_at: time,
      status_changed_at: time,
      ...columns,
    };
    const values = Object.values(row).map((value) =>
      database === 'sqlite' && typeof value === 'boolean' ? Number(value) : value,
    );
    await sql(`insert into core_tenants (${Object.keys(row).join(', ')}) values (${values.map(() => '?').join(', ')})`, values);
    return row.id;
  }

  /** What a status takes beside itself. Never the way back: that is what is tried. */
  function set(to: TenantStatus): string {
    const also = {
      active: `, db_url = coalesce(db_url, '${PLACES[database]}' || id)`,
      pending_deletion:
        ', delete_after = created_at, deletion_from = ' +
        `case status when 'provisioning' then 'failed' when 'pending_deletion' then deletion_from else status end`,
      deleted: ', db_url = null, db_url_hash = null, slug = null',
    } as Partial<Record<TenantStatus, string>>;
    return `status = '${to}', is_active = ${to === 'active' ? 'true' : 'false'}${also[to] ?? ''}`;
  }

  const move = (id: string, to: TenantStatus) => sql(`update core_tenants set ${set(to)} where id = ?`, [id]);

  async function at(status: TenantStatus): Promise<string> {
    const id = await insert('provisioning');
    for (const next of WAY[status]) await move(id, next);
    return id;
  }

  const rowOf = async (id: string) =>
    (
      await host.run(() =>
        host.get(UnitOfWork).em.execute<Record<string, unknown>[]>('select * from core_tenants where id = ?', [id]),
      )
    )[0];

  describe('in the database', () => {
    /** Where a tenant that is to be deleted was is where it goes back to. */
    async function onTheWay(from: TenantStatus, to: TenantStatus): Promise<string> {
      const id = await at(from);
      const was = LEGAL.pending_deletion.includes(to) && to !== 'deleted' ? to : 'active';
      if (from === 'pending_deletion') await sql('update core_tenants set deletion_from = ? where id = ?', [was, id]);
      return id;
    }

    it.each(PAIRS.filter(([from, to]) => isLegal(from, to)))('goes by a raw update from %s to %s', async (from, to) => {
      const id = await onTheWay(from, to);
      await move(id, to);
      expect(await rowOf(id)).toMatchObject({ status: to });
    });

    it.each(PAIRS.filter(([from, to]) => !isLegal(from, to)))('does not go by a raw update from %s to %s', async (from, to) => {
      const id = await onTheWay(from, to);
      await expect(move(id, to)).rejects.toThrow(`${id} is ${from} and cannot become ${to}`);
      expect(await rowOf(id)).toMatchObject({ status: from });
    });

    it('leads back from a deletion to where the tenant was and nowhere else, and not once its data is being removed', async () => {
      const id = await at('pending_deletion');
      await expect(move(id, 'suspended')).rejects.toThrow('cannot become suspended');
      await sql('update core_tenants set deletion_from = null where id = ?', [id]);
      await expect(move(id, 'active')).rejects.toThrow('cannot become active');
      await move(id, 'deleted');
    });

    it.each(['provisioning', 'active'])('begins as %s', async (status) => {
      const id = await insert(status, { db_url: `${PLACES[database]}${genId()}` });
      expect(await rowOf(id)).toMatchObject({ status });
    });

    it.each(TENANT_STATUSES.slice(2))('does not begin as %s', async (status) => {
      await expect(insert(status, { delete_after: time })).rejects.toThrow(`cannot begin as ${status}`);
    });

    it.each([
      ['a flag without the status', 'suspended', `is_active = true`],
      ['a status without the flag', 'active', `status = 'suspended'`],
      ['a flag that is taken back by itself', 'active', 'is_active = false'],
      ['a deletion without its time', 'active', `status = 'pending_deletion', is_active = false`],
      ['a deleted tenant that has an address', 'deleted', `db_url = 'x'`],
      ['a deleted tenant that has a slug', 'deleted', `slug = 'kept'`],
      ['a deletion that keeps the address', 'pending_deletion', `status = 'deleted'`],
    ] as const)('refuses %s', async (_, from, change) => {
      const id = await at(from);
      const before = await rowOf(id);
      await expect(sql(`update core_tenants set ${change} where id = ?`, [id])).rejects.toThrow(/constraint|life of a tenant/i);
      expect(await rowOf(id)).toEqual(before);
    });

    it.each(TENANT_STATUSES.filter((status) => status !== 'deleted'))('keeps the row of a tenant that is %s', async (status) => {
      const id = await at(status);
      const removing = sql('delete from core_tenants where id = ?', [id]);
      await expect(removing).rejects.toThrow('only the row of a deleted one can be removed');
      expect(await rowOf(id)).toMatchObject({ status });
    });

    it('lets the row of a deleted tenant be removed', async () => {
      const id = await at('deleted');
      await sql('delete from core_tenants where id = ?', [id]);
      expect(await rowOf(id)).toBeUndefined();
    });

    if (database === 'postgresql') {
      it('cannot be emptied, nor be written past its triggers by a replica', async () => {
        await expect(sql('truncate core_tenants cascade')).rejects.toThrow('TRUNCATE of core_tenants is refused');
        const id = await at('active');
        const asReplica = host.run(() =>
          host.get(AuditCapture).allowing('the test', async (em) => {
            await em.execute('set local session_replication_role = replica');
            await em.execute(`update core_tenants set status = 'failed', is_active = false where id = ?`, [id]);
          }),
        );
        await expect(asReplica).rejects.toThrow('cannot become failed');
      });
    } else {
      it.each(['insert or replace', 'replace'])('cannot have a row replaced by %s', async (verb) => {
        const slug = `s${genId()}`;
        const id = await insert('active', { slug, db_url: `${PLACES[database]}x`, db_url_hash: genId() });
        const { db_url_hash: hash } = (await rowOf(id)) ?? {};
        const into = `${verb} into core_tenants (id, name, slug, db_url_hash, created_at, status_changed_at) values (?, 'y', ?, ?, 0, 0)`;
        for (const [key, values] of [
          ['id', [id, null, null]],
          ['slug', [genId(), slug, null]],
          ['db_url_hash', [genId(), null, hash]],
        ] as const) {
          await expect(sql(into, [...values])).rejects.toThrow(`UNIQUE constraint failed: core_tenants.${key}`);
        }
        const other = await at('active');
        await expect(sql('update or replace core_tenants set slug = ? where id = ?', [slug, other])).rejects.toThrow(
          'core_tenants.slug',
        );
        expect(await rowOf(id)).toMatchObject({ name: 'x' });
      });
    }
  });

  describe('by the service', () => {
    it('is closed and opened, and tells why', async () => {
      const { id } = await host.newTenant();
      expect(await host.run(() => sut.suspend(id, { reason: 'unpaid' }))).toMatchObject({ status: 'suspended', isActive: false });
      expect(await host.run(() => sut.reactivate(id))).toMatchObject({ status: 'active', isActive: true });
      await host.run(() => sut.archive(id, { reason: 'asleep' }));
      expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'active' });
      const events = await host.run(() =>
        host.hostDatabase.auditLogs.find({ targetId: id, eventType: { $in: EVENTS } }, { orderBy: { id: 'asc' } }),
      );
      expect(events.map(({ eventType, tenantId, details }) => ({ eventType, tenantId, details }))).toEqual([
        { eventType: 'tenants.suspended', tenantId: id, details: { reason: 'unpaid', drain: true } },
        { eventType: 'tenants.reactivated', tenantId: id, details: null },
        { eventType: 'tenants.archived', tenantId: id, details: { reason: 'asleep', drain: true } },
        { eventType: 'tenants.restored', tenantId: id, details: { from: 'archived', to: 'active' } },
      ]);
    });

    it('comes back from the archive, and from a deletion, to where it was', async () => {
      const { id, dbUrl } = await host.newTenant();
      await host.run(() => sut.suspend(id));
      await host.run(() => sut.archive(id));
      await host.run(() => sut.requestDeletion(id, { graceDays: 1 }));
      expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'archived', deleteAfter: null, deletionFrom: null });
      expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'suspended', archivedFrom: null });
      expect(await host.run(() => sut.reactivate(id))).toMatchObject({ status: 'active', dbUrl });
    });

    it('does not escape its suspension by being away', async () => {
      const { id } = await host.newTenant();
      const away: readonly (() => Promise<TenantCatalog>)[] = [() => sut.archive(id), () => sut.requestDeletion(id)];
      for (const leave of away) {
        const { status, statusChangedAt } = await host.run(leave);
        host.clock.advance(1_000);
        expect(await host.run(() => sut.suspend(id, { reason: 'unpaid' }))).toMatchObject({ status, statusChangedAt });
        await expect(host.run(() => sut.suspend(id))).rejects.toMatchObject({ from: status, to: 'suspended' });
        await expect(host.run(() => sut.reactivate(id))).rejects.toBeInstanceOf(TenantStatusConflictError);
        expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'suspended' });
        await host.run(() => sut.reactivate(id));
      }
      await host.run(() => sut.archive(id));
      await host.run(() => sut.requestDeletion(id));
      expect(await host.run(() => sut.suspend(id))).toMatchObject({ status: 'pending_deletion', deletionFrom: 'archived' });
      await host.run(() => sut.restore(id));
      expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'suspended' });
    });

    it('is not suspended where it never was open, or is gone', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      await host.run(() => sut.requestDeletion(id));
      await expect(host.run(() => sut.suspend(id))).rejects.toMatchObject({ from: 'pending_deletion', to: 'suspended' });
      await sql(`update core_tenants set deletion_from = null where id = ?`, [id]);
      await expect(host.run(() => sut.suspend(id))).rejects.toBeInstanceOf(TenantStatusConflictError);
      expect(await rowOf(id)).toMatchObject({ deletion_from: null });
    });

    it('says who closed it, for as long as it is closed', async () => {
      const { id } = await host.newTenant();
      const [one, other] = [await host.newUser(), await host.newUser()];
      const by = (actorUserId: string | undefined, change: () => Promise<TenantCatalog>) =>
        host.get(ContextService).run(actorUserId === undefined ? {} : { actorUserId }, () => host.run(change));
      for (const close of [() => sut.suspend(id), () => sut.archive(id), () => sut.requestDeletion(id)]) {
        expect(await by(one.id, close)).toMatchObject({ closedBy: one.id });
        await by(undefined, () => sut.restore(id)).catch(() => by(undefined, () => sut.reactivate(id)));
        expect(await rowOf(id)).toMatchObject({ status: 'active', closed_by: null });
      }
      await by(one.id, () => sut.archive(id));
      expect(await by(other.id, () => sut.requestDeletion(id))).toMatchObject({ closedBy: other.id });
      expect(await by(one.id, () => sut.restore(id))).toMatchObject({ status: 'archived', closedBy: other.id });
      await by(one.id, () => sut.restore(id));
      expect(await by(undefined, () => sut.suspend(id))).toMatchObject({ closedBy: null });
    });

    it('can be restored until its time is over, and not after', async () => {
      const { id } = await host.newTenant();
      const request = await host.run(() => sut.requestDeletion(id, { graceDays: 2 }));
      expect(request.deleteAfter).toEqual(new Date(host.clock.now().getTime() + 2 * DAY_MS));
      host.clock.advance(2 * DAY_MS - 1);
      expect(await host.run(() => sut.cancelDeletion(id))).toMatchObject({ status: 'active' });
      await host.run(() => sut.requestDeletion(id, { graceDays: 2 }));
      await host.jobs.expectEnqueued('tenants.delete', { payload: { tenantId: id }, count: 1 });
      host.clock.advance(2 * DAY_MS);
      await expect(host.run(() => sut.restore(id))).rejects.toBeInstanceOf(TenantDeletionDueError);
      const now = await host.run(() => sut.requestDeletion(id)).catch((error: unknown) => error);
      expect(now).toBeInstanceOf(TenantStatusConflictError);
    });

    it('is deleted as it was last asked for, also where it was taken back in the same unit of work', async () => {
      const { id } = await host.newTenant();
      await host.run(async () => {
        await sut.requestDeletion(id, { graceDays: 1 });
        await sut.restore(id);
        await sut.requestDeletion(id, { graceDays: 3 });
      });
      const record = await host.run(() => host.get(UnitOfWork).em.findOne(TenantDeletionRecord, { tenantId: id }));
      expect(record).toMatchObject({ tenantId: id, startedAt: null });
      await host.jobs.expectEnqueued('tenants.delete', { payload: { tenantId: id }, count: 1 });
    });

    it('leaves its deletion by being restored, and in no other way', async () => {
      const { id } = await host.newTenant();
      const { id: failed } = await host.newTenant({ provisioned: false });
      await host.run(async () => {
        await sut.markFailed(failed);
        for (const each of [id, failed]) await sut.requestDeletion(each);
      });
      const { dbUrl } = await host.run(() => sut.getById(id));
      const from = 'pending_deletion';
      await expect(host.run(() => sut.activate(id, dbUrl ?? ''))).rejects.toMatchObject({ from, to: 'active' });
      await expect(host.run(() => sut.markFailed(failed))).rejects.toMatchObject({ from, to: 'failed' });
      expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'active', deletionFrom: null, deleteAfter: null });
      expect(await host.run(() => sut.restore(failed))).toMatchObject({ status: 'failed' });
    });

    it('is deleted as it was last asked for, also where somebody had changed its row by hand in between', async () => {
      const { id } = await host.newTenant();
      await host.run(() => sut.requestDeletion(id, { graceDays: 1 }));
      await host.run(async () => {
        Object.assign(await sut.getById(id), { status: 'active', isActive: true });
      });
      const { deleteAfter } = await host.run(() => sut.requestDeletion(id, { graceDays: 3 }));
      const record = await host.run(() => host.get(UnitOfWork).em.findOne(TenantDeletionRecord, { tenantId: id }));
      expect(record).toMatchObject({ tenantId: id, requestedAt: host.clock.now(), doneSteps: [] });
      const [job] = await host.jobs.expectEnqueued('tenants.delete', {
        payload: { tenantId: id },
        count: 1,
      });
      expect(job?.availableAt).toEqual(deleteAfter);
    });

    it('whose provisioning never ended comes back as failed, to be tried again', async () => {
      const { id } = await host.newTenant({ provisioned: false });
      await host.run(() => sut.requestDeletion(id));
      expect(await host.run(() => sut.restore(id))).toMatchObject({ status: 'failed' });
      // The job that was waiting finds nothing to do.
      await host.runJobs();
      expect(await host.run(() => sut.getById(id))).toMatchObject({ status: 'failed' });
      expect(await host.run(() => sut.retryProvisioning(id))).toMatchObject({ status: 'provisioning' });
      await host.runJobs();
      expect(await host.run(() => sut.getById(id))).toMatchObject({ status: 'active' });
    });

    it('is suspended where its flag is taken back', async () => {
      const { id } = await host.newTenant();
      await host.run(async () => {
        (await sut.getById(id)).isActive = false;
      });
      expect(await rowOf(id)).toMatchObject({ status: 'suspended' });
      expect(await host.run(() => sut.reactivate(id))).toMatchObject({ status: 'active' });
    });

    it('is refused what leads nowhere, with an error that says from where to where', async () => {
      const { id } = await host.newTenant();
      const refused: readonly [() => Promise<TenantCatalog>, TenantStatus, TenantStatus][] = [
        [() => sut.reactivate(id), 'active', 'active'],
        [() => sut.restore(id), 'active', 'active'],
        [() => sut.cancelDeletion(id), 'active', 'active'],
        [() => sut.markFailed(id), 'active', 'failed'],
        [() => sut.retryProvisioning(id), 'active', 'provisioning'],
      ];
      for (const [call, from, to] of refused) {
        await expect(host.run(call)).rejects.toMatchObject({ code: 'TENANTS_STATUS_CONFLICT', tenantId: id, from, to });
      }
      await expect(host.run(() => sut.archive(genId()))).rejects.toBeInstanceOf(TenantNotFoundError);
      await expect(host.run(() => sut.requestDeletion(id, { export: true }))).rejects.toBeInstanceOf(
        TenantExportNotConfiguredError,
      );
      for (const graceDays of [-1, 0.5, 4_000]) {
        await expect(host.run(() => sut.requestDeletion(id, { graceDays }))).rejects.toBeInstanceOf(InvalidInputError);
      }
      await expect(host.run(() => sut.suspend(id, { reason: ' ' }))).rejects.toBeInstanceOf(InvalidInputError);
      expect(await host.run(() => sut.getById(id))).toMatchObject({ status: 'active' });
    });
  });

  it.each(['core_tenants_no_delete', 'core_tenants_life'])('is not left to a database that has lost %s', async (guard) => {
    const scratch = await scratchDatabase(database);
    const other = await hostOn(scratch, {});
    const boot = async () => (await hostOn(scratch, {})).close();
    await boot();
    await other.run(() =>
      other.get(UnitOfWork).em.execute(`drop trigger ${guard}${database === 'postgresql' ? ' on core_tenants' : ''}`),
    );
    await expect(boot()).rejects.toMatchObject({ code: 'TENANTS_GUARDS_MISSING', guards: [guard] });
    await other.close();
    await scratch.drop();
  });
});

const EVENTS = ['tenants.suspended', 'tenants.reactivated', 'tenants.archived', 'tenants.restored'];
