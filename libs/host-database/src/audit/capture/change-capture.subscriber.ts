import type { EventSubscriber, FlushEventArgs } from '@mikro-orm/core';
import { FOLLOWS_CHANGES, type StatementGuards } from '../../database/index.js';
import type { AuditedEntities } from './audited-entities.js';
import { addCascadedDeletes } from './cascaded-deletes.js';
import type { ChangeRecorder } from './change-recorder.js';
import { readChange } from './change-reader.js';
import { pendingWrites } from './pending-writes.js';

/**
 * Records every change of the audited entities that a flush makes, in that flush: the change and its record commit or vanish
 * together.
 *
 * It tells the flush's frame which tables it has seen, and the guard lets the flush write those and no others: a flush that this
 * subscriber was not asked about, a change that was added after it, and what a hook sends beside it are refused. Values that a `beforeCreate` or `beforeUpdate`
 * hook sets later are not in the record; set them in `onCreate`, `onUpdate` or a `beforeFlush` subscriber.
 */
export class ChangeCaptureSubscriber implements EventSubscriber {
  readonly [FOLLOWS_CHANGES] = true;

  constructor(
    private readonly entities: AuditedEntities,
    private readonly guards: StatementGuards,
    private readonly recorder: ChangeRecorder,
  ) {}

  async onFlush({ uow, em }: FlushEventArgs): Promise<void> {
    if (uow.getChangeSets().length === 0 && uow.getExtraUpdates().size === 0 && uow.getCollectionUpdates().length === 0) return;
    await addCascadedDeletes(uow, em, this.entities);
    for (const write of pendingWrites(uow, em, this.entities)) {
      const change = await readChange(em, write);
      if (change) await this.recorder.record(uow, em, change);
      for (const table of write.audited.tables) this.guards.flushAround?.tables.add(table);
    }
  }
}
