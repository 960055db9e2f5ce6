import { type MikroORM, TableNotFoundException } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable, Logger } from '@nestjs/common';
import { AuditInTransactionError, type DeferredAuditRow, DeferredAuditRows } from '../../audit/index.js';
import { assertId, Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import type { Lease } from '../lease.js';
import { TenantBinding, TenantBindings } from '../tenant-bindings.js';
import { TenantConnections } from '../tenant-connections.js';
import { AuditOutboxMissingError } from '../tenant-databases.errors.js';
import { TenantChangeCapture } from './tenant-change-capture.js';
import { AUDIT_OUTBOX, TenantAuditRow } from './tenant-audit-row.entity.js';

const ROWS_AT_ONCE = 200;

/**
 * Moves the audit rows of tenants from their databases to the log of the host: first they are appended there, and then they are removed
 * here. What is moved again after a crash in between has its id, and is in the log once.
 */
@Injectable()
export class TenantAuditRelay {
  private readonly logger = new Logger('Audit');
  /** Databases whose rows are being moved, and whether more were committed meanwhile. */
  private readonly moving = new Map<MikroORM, { again: boolean }>();

  constructor(
    private readonly connections: TenantConnections,
    private readonly bindings: TenantBindings,
    private readonly capture: TenantChangeCapture,
    private readonly rows: DeferredAuditRows,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {
    capture.relayWith((binding) => this.soon(binding));
  }

  /**
   * Moves all rows that are committed in the database of one tenant, and returns how many that were. The library does it after each commit,
   * and again later for what a process has left behind; it is to be called before a database is given away or dropped, and in tests.
   *
   * @throws AuditInTransactionError inside a transaction on the host database
   * @throws InvalidIdError, TenantNotFoundError, TenantNotActiveError, DatabaseUnreachableError, TenantCapacityError
   * @throws AuditOutboxMissingError where the tenant's database has no `sys_audit_outbox`
   */
  async relay(tenantId: string): Promise<number> {
    const id = assertId(tenantId, 'tenant');
    if (this.unitOfWork.transactionEm) throw new AuditInTransactionError('TenantAuditRelay.relay()');
    const lease = await this.connections.acquire(id);
    try {
      return await this.move(new TenantBinding(id, lease), lease.resource);
    } finally {
      lease.release();
    }
  }

  /** Whether any entity of the tenants is audited, so that there may be something to move. */
  get isNeeded(): boolean {
    return this.capture.entities.length > 0;
  }

  /**
   * As {@link relay}, from a database that nobody can enter any more, through an ORM that was opened for it. One that never had audited
   * entities has nothing to move.
   */
  async relayFrom(tenantId: string, orm: MikroORM): Promise<number> {
    if (!this.isNeeded) return 0;
    try {
      return await this.move(new TenantBinding(tenantId), orm);
    } catch (error) {
      if (error instanceof AuditOutboxMissingError) return 0;
      throw error;
    }
  }

  /** Moves them as soon as no transaction of the caller is in the way, and keeps the database open until then. */
  private soon({ tenantId, lease: held }: TenantBinding): void {
    const lease = held?.again();
    if (lease) this.unitOfWork.afterEnd(() => this.start(tenantId, lease));
  }

  private start(tenantId: string, lease: Lease<MikroORM>): void {
    const underWay = this.moving.get(lease.resource);
    if (underWay) {
      underWay.again = true;
      lease.release();
      return;
    }
    const state = { again: true };
    this.moving.set(lease.resource, state);
    const repeat = async () => {
      while (state.again) {
        state.again = false;
        await this.move(new TenantBinding(tenantId, lease), lease.resource);
      }
    };
    void repeat()
      .catch((error: unknown) => {
        this.logger.warn(`The audit rows of tenant ${tenantId} are still in its database, to be moved later: ${String(error)}`);
      })
      .finally(() => {
        this.moving.delete(lease.resource);
        lease.release();
      });
  }

  /** In a run of its own, beside that of the caller. */
  private async move(binding: TenantBinding, orm: MikroORM): Promise<number> {
    const { tenantId } = binding;
    return this.bindings.run(binding, async () => {
      const em = orm.em.fork({ disableContextResolution: true, useContext: true }) as SqlEntityManager;
      try {
        return await this.capture.writingOutbox(() => this.moveAll(tenantId, binding.begin(em)));
      } catch (cause) {
        if (cause instanceof TableNotFoundException) throw new AuditOutboxMissingError(tenantId, { cause });
        throw cause;
      } finally {
        binding.end();
      }
    });
  }

  private async moveAll(tenantId: string, em: SqlEntityManager): Promise<number> {
    let moved = 0;
    for (let after = ''; ;) {
      const rows = await em.execute<DeferredAuditRow[]>(
        `select id, canonical from ${AUDIT_OUTBOX} where refused_at is null and id > ? order by id limit ${ROWS_AT_ONCE}`,
        [after],
      );
      const last = rows.at(-1);
      if (!last) return moved;
      after = last.id;
      const refused = new Set(await this.rows.append(tenantId, rows));
      const ids = rows.map(({ id }) => id).filter((id) => !refused.has(id));
      if (ids.length > 0) await em.execute(`delete from ${AUDIT_OUTBOX} where id in (${ids.map(() => '?').join(', ')})`, ids);
      if (refused.size > 0) await this.setAside(tenantId, [...refused], em);
      moved += ids.length;
    }
  }

  /** Or they would be read, and complained of, each time that rows are moved. */
  private async setAside(tenantId: string, ids: readonly string[], em: SqlEntityManager): Promise<void> {
    await em.nativeUpdate(TenantAuditRow, { id: { $in: [...ids] } }, { refusedAt: this.clock.now() });
    this.logger.error(
      `${ids.length} rows in ${AUDIT_OUTBOX} of tenant ${tenantId}, the first with the id ${JSON.stringify(ids[0])}, are none that this ` +
        'library has written there. They stay, and are not moved to the log.',
    );
  }
}
