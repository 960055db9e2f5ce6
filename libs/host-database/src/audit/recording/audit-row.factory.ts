import { Inject, Injectable } from '@nestjs/common';
import { assertJson, assertOneOf, assertText, Clock, genId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import { AuditCatalogue, type PersonalDataSubject } from '../catalogue/index.js';
import { PersonalData } from '../erasure/personal-data.js';
import { AUDIT_OUTCOMES, type AuditOutcome } from '../host-audit-log.entity.js';
import { type AuditRecord, canonicalText, leafHash } from '../integrity/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import type { UncheckedAuditEvent } from './audit-event.js';
import { networkOf } from './network-address.js';
import { withoutSecrets } from './secrets.js';

const TARGET_TYPE_MAX_LENGTH = 63;
const USER_AGENT_MAX_LENGTH = 512;
const REQUEST_ID_MAX_LENGTH = 127;

/** A row of the log, complete before it is written. */
export interface AuditRow extends Omit<AuditRecord, 'v' | 'createdAt' | 'outcome'> {
  readonly outcome: AuditOutcome;
  readonly createdAt: Date;
  readonly canonical: string;
  readonly leafHash: string;
}

/** Makes rows of the log: checks the event, adds who is asking, takes out secrets, seals personal data and hashes the whole. */
@Injectable()
export class AuditRowFactory {
  constructor(
    private readonly catalogue: AuditCatalogue,
    private readonly context: ContextService,
    private readonly clock: Clock,
    private readonly personalData: PersonalData,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
  ) {}

  /** @throws UnknownAuditEventTypeError, InvalidAuditDetailsError, InvalidInputError */
  async make(event: UncheckedAuditEvent): Promise<AuditRow> {
    const { eventType, outcome = 'success' } = event;
    const definition = this.catalogue.get(eventType);
    const { current } = this.context;
    const actorUserId = event.actorUserId === undefined ? (current.actorUserId ?? null) : event.actorUserId;
    const targetId = event.targetId === undefined ? null : assertText(event.targetId, 'targetId');
    const targetType = event.targetType ?? definition.targetType;
    const checked = await this.catalogue.check(eventType, event.details);
    const plain = checked === null ? null : withoutSecrets(assertJson(checked, 'details'));
    const details = await this.sealDetails(plain, definition.personal ?? {}, { actor: actorUserId, target: targetId });
    const createdAt = this.clock.now();
    const record: AuditRecord = {
      v: 1,
      id: genId(),
      tenantId: event.tenantId === undefined ? (current.tenantId ?? null) : event.tenantId,
      eventType,
      schemaVersion: definition.version ?? 1,
      outcome: assertOneOf(outcome, AUDIT_OUTCOMES, 'outcome'),
      actorUserId,
      impersonatorUserId: current.impersonatorUserId ?? null,
      targetType: targetType === undefined ? null : assertText(targetType, 'targetType', TARGET_TYPE_MAX_LENGTH),
      targetId,
      requestId: printable(current.requestId, REQUEST_ID_MAX_LENGTH),
      ipAddress: await this.sealFor(actorUserId, this.addressOf(current.ipAddress)),
      userAgent: await this.sealFor(actorUserId, printable(current.userAgent, USER_AGENT_MAX_LENGTH)),
      details,
      createdAt: createdAt.toISOString(),
    };
    const canonical = canonicalText(record);
    const { v: _, ...columns } = record;
    return { ...columns, outcome, createdAt, canonical, leafHash: leafHash(canonical) };
  }

  private addressOf(address: string | undefined): string | null {
    const { ipAddress } = this.options;
    if (address === undefined || ipAddress === 'none') return null;
    return (ipAddress === 'network' ? networkOf(address) : printable(address, 45)) ?? null;
  }

  private async sealFor(subjectId: string | null, text: string | null): Promise<string | null> {
    return text === null || subjectId === null ? text : this.personalData.seal(subjectId, text);
  }

  private async sealDetails(
    details: Record<string, unknown> | null,
    personal: Readonly<Record<string, PersonalDataSubject>>,
    parties: { readonly actor: string | null; readonly target: string | null },
  ): Promise<Record<string, unknown> | null> {
    if (details === null) return null;
    for (const [path, whose] of Object.entries(personal)) {
      const subjectId =
        whose === 'actor' || whose === 'target' ? parties[whose] : valueAt(details, whose.slice('details.'.length));
      await this.sealAt(details, path.split('.'), typeof subjectId === 'string' ? subjectId : null);
    }
    return details;
  }

  /** Details are this factory's own copy by now. */
  private async sealAt(details: Record<string, unknown>, path: readonly string[], subjectId: string | null): Promise<void> {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], details);
    const key = path.at(-1)!;
    if (typeof parent !== 'object' || parent === null || !(key in parent)) return;
    const fields = parent as Record<string, unknown>;
    const value = fields[key];
    if (value === null || value === undefined) return;
    fields[key] = await this.sealFor(subjectId, typeof value === 'string' ? value : JSON.stringify(value));
  }
}

function valueAt(details: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], details);
}

/** What came over the wire, without what a text column does not take. */
function printable(text: string | undefined, maxLength: number): string | null {
  const cleaned = text
    ?.replaceAll(/\p{Cc}/gu, '')
    .toWellFormed()
    .slice(0, maxLength)
    .toWellFormed();
  return cleaned === undefined || cleaned === '' ? null : cleaned;
}
