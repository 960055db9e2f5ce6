import type { MikroORM } from '@mikro-orm/core';
import { SystemClock } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import type { StatementGuards } from '../../database/index.js';
import { resolveAuditOptions } from '../audit.options.js';
import { UnauditedWriteError } from '../audit.errors.js';
import { AuditCatalogue } from '../catalogue/index.js';
import { PersonalData } from '../erasure/personal-data.js';
import { openClearText, type PlacedText } from '../erasure/sealed-text.js';
import { AuditRowFactory } from '../recording/audit-row.factory.js';
import { REDACTED } from '../recording/secrets.js';
import { AuditedEntities } from './audited-entities.js';
import { ChangeCaptureSubscriber } from './change-capture.subscriber.js';
import { HostAuditLogChangeRecorder } from './host-audit-log.change-recorder.js';
import { refuseShadowOfLog } from './log-shadows.js';

/** A script has no keys, so that nobody could erase what it writes in clear. */
class WithheldPersonalData extends PersonalData {
  readonly isErasable = false;

  async seal(): Promise<string> {
    return REDACTED;
  }

  async reveal(texts: readonly PlacedText[]): Promise<string[]> {
    return texts.map(({ text }) => openClearText(text));
  }
}

/**
 * Has the changes that a script makes recorded as those of an application are, without personal data; `register` names the entities.
 * What does not go through the flush is refused, without exception: bulk work belongs into an application, which can say why.
 */
export function captureChangesOfScript(
  orm: MikroORM,
  guards: StatementGuards,
  register: (audited: AuditedEntities) => void,
): void {
  const options = resolveAuditOptions(undefined);
  const rows = new AuditRowFactory(
    new AuditCatalogue(options),
    new ContextService(),
    new SystemClock(),
    new WithheldPersonalData(),
    options,
  );
  const audited = new AuditedEntities(orm);
  register(audited);
  const recorder = new HostAuditLogChangeRecorder(rows);
  orm.em.getEventManager().registerSubscriber(new ChangeCaptureSubscriber(audited, guards, recorder));
  guards.guardWith((sql) => {
    refuseShadowOfLog(sql);
    const tables = [...audited.tables.writtenBy(sql)].filter((table) => !guards.flush?.tables.has(table));
    if (tables.length > 0) throw new UnauditedWriteError(tables);
  });
}
