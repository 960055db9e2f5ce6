import { type EntityManager, type FlushEventArgs, TableNotFoundException, type UnitOfWork } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import {
  type AuditedChange,
  type AuditedEntities,
  ChangeCaptureSubscriber,
  ChangeRecorder,
  type DeferredAuditRows,
} from '../../audit/index.js';
import type { StatementGuards, TransactionScope } from '../../database/index.js';
import { tenantOf } from '../entity-ownership.js';
import type { TenantBinding, TenantBindings } from '../tenant-bindings.js';
import { AuditOutboxMissingError, AuditOutboxWriteError } from '../tenant-databases.errors.js';
import type { OutboxRecovery } from './outbox-recovery.js';
import { AUDIT_OUTBOX, TenantAuditRow } from './tenant-audit-row.entity.js';

/** Asks for the rows of a tenant to be moved to the log. */
export type RelayRequest = (binding: TenantBinding) => void;

/** What the capture in tenants' databases is made of. */
export interface TenantCaptureParts {
  readonly audited: AuditedEntities;
  readonly guards: StatementGuards;
  readonly rows: DeferredAuditRows;
  readonly recovery: OutboxRecovery;
  readonly bindings: TenantBindings;
  readonly scope: TransactionScope;
  readonly relay: RelayRequest;
}

/** Records changes in the tenant's own database, as part of the flush that makes them. */
class OutboxChangeRecorder extends ChangeRecorder {
  constructor(private readonly rows: DeferredAuditRows) {
    super();
  }

  override async record(uow: UnitOfWork, em: EntityManager, change: AuditedChange): Promise<void> {
    const row = await this.rows.ofChange({ ...change, tenantId: tenantOf(em.name) });
    // It is part of this flush only; persisted, it would be tried again after a flush that failed.
    uow.computeChangeSet(em.create(TenantAuditRow, { ...row }, { persist: false }));
  }
}

/** Records every change of the audited entities of a tenant, and has the records moved to the log when they are committed. */
export class TenantCaptureSubscriber extends ChangeCaptureSubscriber {
  /** The units of work whose flush has recorded something. */
  private readonly recording = new WeakSet<UnitOfWork>();
  /** The configurations of the ORMs on databases that were seen to have the table. */
  private readonly ready = new WeakSet<object>();

  constructor(private readonly parts: TenantCaptureParts) {
    super(parts.audited, parts.guards, new OutboxChangeRecorder(parts.rows));
  }

  /** @throws AuditOutboxWriteError, AuditOutboxMissingError */
  override async onFlush(args: FlushEventArgs): Promise<void> {
    const { uow, em } = args;
    const hasRows = () => uow.getChangeSets().some(({ entity }) => entity instanceof TenantAuditRow);
    if (hasRows()) throw new AuditOutboxWriteError();
    await super.onFlush(args);
    if (!hasRows()) return;
    await this.prepare(em as SqlEntityManager);
    this.parts.guards.flushAround?.tables.add(AUDIT_OUTBOX);
    this.recording.add(uow);
  }

  afterFlush({ uow, em }: FlushEventArgs): void {
    if (this.recording.delete(uow)) this.relayAfter(em);
  }

  /** To be called before a row is written: finds out whether there is a place for it, and sees to it that it is not forgotten there. */
  async prepare(em: SqlEntityManager): Promise<void> {
    const tenantId = tenantOf(em.name);
    if (!this.ready.has(em.config)) {
      try {
        await em.execute(`select id from ${AUDIT_OUTBOX} where 1 = 0`);
      } catch (cause) {
        if (cause instanceof TableNotFoundException) throw new AuditOutboxMissingError(tenantId, { cause });
        throw cause;
      }
      this.ready.add(em.config);
    }
    await this.parts.recovery.ensure(tenantId);
  }

  /** Has the rows moved when what is open here is committed, at once where no transaction is open. */
  relayAfter(em: EntityManager): void {
    const { bindings, scope, relay } = this.parts;
    const binding = bindings.current;
    if (!binding) return;
    const frame = scope.frameOf(em) ?? scope.frame(em.name);
    if (frame) frame.afterCommit.push(() => relay(binding));
    else relay(binding);
  }
}
