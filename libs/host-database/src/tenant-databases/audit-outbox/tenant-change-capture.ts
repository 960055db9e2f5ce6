import { AsyncLocalStorage } from 'node:async_hooks';
import type { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable } from '@nestjs/common';
import {
  AUDIT_OPTIONS,
  AuditedEntities,
  AuditedTables,
  AuditedWrites,
  type AuditOptions,
  DeferredAuditRows,
  refuseShadowOfLog,
  type UncheckedAuditEvent,
  UnauditableEntityError,
} from '../../audit/index.js';
import { type EntityDefinition, StatementGuards, TransactionScope } from '../../database/index.js';
import { TenantBindings } from '../tenant-bindings.js';
import { AuditOutboxWriteError } from '../tenant-databases.errors.js';
import { OutboxRecovery } from './outbox-recovery.js';
import { type RelayRequest, TenantCaptureSubscriber } from './tenant-capture.subscriber.js';
import { AUDIT_OUTBOX, TenantAuditRow } from './tenant-audit-row.entity.js';

const OUTBOX = new AuditedTables([AUDIT_OUTBOX]);

/**
 * Sees to it that no change of an audited entity in a tenant's database goes unrecorded, as `AuditCapture` does in the host's. Where no
 * tenant entity is audited it is nothing: no guard, no subscriber, no table.
 */
@Injectable()
export class TenantChangeCapture {
  /** What watches the statements of all tenants' ORMs. */
  readonly guards: StatementGuards | undefined;
  /** What the databases of tenants have beside the application's entities. */
  readonly entities: readonly EntityDefinition[];
  private readonly leave = new AsyncLocalStorage<true>();
  private writes: AuditedWrites | undefined;
  private subscriber: TenantCaptureSubscriber | undefined;
  private relay: RelayRequest = () => undefined;

  constructor(
    @Inject(AUDIT_OPTIONS) private readonly options: Pick<AuditOptions, 'capture' | 'tenantEntities'>,
    private readonly rows: DeferredAuditRows,
    private readonly recovery: OutboxRecovery,
    private readonly bindings: TenantBindings,
    private readonly scope: TransactionScope,
  ) {
    const isConfigured = options.tenantEntities.length > 0;
    this.entities = isConfigured ? [TenantAuditRow] : [];
    if (isConfigured && options.capture) this.guards = new StatementGuards();
  }

  /** Names what is to move rows to the log when they are committed. */
  relayWith(relay: RelayRequest): void {
    this.relay = relay;
  }

  /**
   * Finds the audited entities among those that were discovered, once for all tenants.
   *
   * @throws UnauditableEntityError
   */
  discovered(template: MikroORM): MikroORM {
    const { guards } = this;
    const audited = new AuditedEntities(template);
    for (const { entity, options } of this.options.tenantEntities) {
      if (options.tenant !== undefined) {
        throw new UnauditableEntityError(
          entity.name,
          "names a field with the tenant; in a tenant's database all rows are of that tenant",
        );
      }
      audited.register(entity, options);
    }
    if (!guards) return template;
    const writes = new AuditedWrites(audited, guards);
    guards.guardWith((sql, connection) => {
      refuseShadowOfLog(sql);
      writes.check(sql, connection);
      this.checkOutbox(sql);
    });
    this.writes = writes;
    const { bindings, scope, recovery, rows } = this;
    const relay: RelayRequest = (binding) => this.relay(binding);
    this.subscriber = new TenantCaptureSubscriber({ audited, guards, rows, recovery, bindings, scope, relay });
    return template;
  }

  /** Captures what is changed through the ORM of a tenant. */
  attach(orm: MikroORM): void {
    if (this.subscriber) orm.em.getEventManager().registerSubscriber(this.subscriber);
  }

  /**
   * Has moved what was recorded in a tenant's database before the tenant could be entered, in the caller's transaction; does nothing where no
   * tenant entity is audited.
   */
  async relayOnceOpen(tenantId: string): Promise<void> {
    if (this.entities.length > 0) await this.recovery.enqueueNow(tenantId);
  }

  /** Runs `work` with leave to write the rows that wait. */
  writingOutbox<T>(work: () => T): T {
    return this.leave.run(true, work);
  }

  /** Runs `work` with leave to write audited tables directly, in the transaction of `em`; returns the tables that it has written so. */
  async allow<T>(em: SqlEntityManager, work: (em: SqlEntityManager) => T | Promise<T>) {
    return this.writes ? this.writes.allow(em, work) : { result: await work(em), tables: [] };
  }

  /** Records an event in the transaction of `em`, of the tenant that is bound. */
  async record(em: SqlEntityManager, event: UncheckedAuditEvent): Promise<void> {
    const row = await this.rows.ofEvent(event);
    await this.subscriber?.prepare(em);
    await this.writingOutbox(() => em.insert(TenantAuditRow, { ...row }));
    this.subscriber?.relayAfter(em);
  }

  private checkOutbox(sql: string): void {
    if (this.leave.getStore() || OUTBOX.writtenBy(sql).size === 0) return;
    if (!this.guards?.flush?.tables.has(AUDIT_OUTBOX)) throw new AuditOutboxWriteError();
  }
}
