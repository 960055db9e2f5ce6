import { type ChangeSet, ChangeSetType, type EntityMetadata, type EventSubscriber, type FlushEventArgs } from '@mikro-orm/core';
import { ACCESS_TABLES, FOLLOWS_CHANGES, type TransactionScope } from '../../database/index.js';
import type { AccessChanges } from './access-changes.js';

const UPDATES: ReadonlySet<ChangeSetType> = new Set([ChangeSetType.UPDATE, ChangeSetType.UPDATE_EARLY]);
const TABLES = new Map(ACCESS_TABLES.map((table) => [table.table, table]));

/**
 * Has whoever changes what somebody may do wait, behind the commit, until every process has heard of it. What is written past the unit of
 * work (`nativeUpdate()`, SQL) is told as well, and nobody waits for that.
 */
export class AccessChangesSubscriber implements EventSubscriber {
  readonly [FOLLOWS_CHANGES] = true;
  private readonly waiting = new WeakSet<object>();

  constructor(
    private readonly scope: TransactionScope,
    private readonly changes: AccessChanges,
  ) {}

  async afterFlush({ uow, em }: FlushEventArgs): Promise<void> {
    if (!uow.getChangeSets().some((changeSet) => changesAccess(changeSet))) return;
    const frame = this.scope.frameOf(em);
    if (!frame) return this.changes.spread();
    if (this.waiting.has(frame)) return;
    this.waiting.add(frame);
    frame.afterCommit.push(() => this.changes.spread());
  }
}

function changesAccess({ meta, type, payload }: ChangeSet<object>): boolean {
  const table = TABLES.get(meta.tableName);
  if (!table) return false;
  if (type === ChangeSetType.CREATE) return table.tellsInsert;
  if (!UPDATES.has(type) || table.columns.length === 0) return true;
  return Object.keys(payload).some((property) => columnsOf(meta, property).some((column) => table.columns.includes(column)));
}

function columnsOf(meta: EntityMetadata<object>, property: string): readonly string[] {
  return (meta.properties as Record<string, { readonly fieldNames: readonly string[] } | undefined>)[property]?.fieldNames ?? [];
}
