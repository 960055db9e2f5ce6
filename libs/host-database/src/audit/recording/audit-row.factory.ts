import { Inject, Injectable } from '@nestjs/common';
import { assertJson, assertOneOf, assertText, Clock, genId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import type { AuditedChange } from '../capture/change-recorder.js';
import { AuditCatalogue } from '../catalogue/index.js';
import { PersonalData } from '../erasure/personal-data.js';
import { AUDIT_OUTCOMES } from '../host-audit-log.entity.js';
import { type AuditRecord, canonicalText, leafHash } from '../integrity/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import type { UncheckedAuditEvent } from './audit-event.js';
import { networkOf } from './network-address.js';
import { withoutSecrets } from './secrets.js';

const TARGET_TYPE_MAX_LENGTH = 63;
const USER_AGENT_MAX_LENGTH = 512;
const REQUEST_ID_MAX_LENGTH = 127;

/** A row of the log, complete before it is written. */
export interface AuditRow extends Omit<AuditRecord, 'v' | 'createdAt'> {
  readonly createdAt: Date;
  readonly canonical: string;
  readonly leafHash: string;
}

/** What is left to do: to take out secrets, to seal personal data, and to say who asked, from where, when. */
interface CheckedEvent extends Pick<
  AuditRow,
  'eventType' | 'schemaVersion' | 'outcome' | 'tenantId' | 'actorUserId' | 'targetType' | 'targetId' | 'details'
> {
  readonly personal: readonly { readonly path: readonly string[]; readonly subjectId: string | null }[];
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
    const { version = 1, targetType: usualTargetType, personal = {} } = this.catalogue.get(eventType);
    const { current } = this.context;
    const actorUserId = event.actorUserId === undefined ? (current.actorUserId ?? null) : event.actorUserId;
    const targetId = event.targetId === undefined ? null : assertText(event.targetId, 'targetId');
    const targetType = event.targetType ?? usualTargetType;
    const checked = await this.catalogue.check(eventType, event.details);
    const details = checked === null ? null : assertJson(checked, 'details');
    return this.complete({
      eventType,
      schemaVersion: version,
      outcome: assertOneOf(outcome, AUDIT_OUTCOMES, 'outcome'),
      tenantId: event.tenantId === undefined ? (current.tenantId ?? null) : event.tenantId,
      actorUserId,
      targetType: targetType === undefined ? null : assertText(targetType, 'targetType', TARGET_TYPE_MAX_LENGTH),
      targetId,
      details,
      personal: Object.entries(personal).map(([path, whose]) => {
        const parties = { actor: actorUserId, target: targetId };
        const subjectId =
          whose === 'actor' || whose === 'target' ? parties[whose] : valueAt(details, whose.slice('details.'.length));
        return { path: path.split('.'), subjectId: typeof subjectId === 'string' ? subjectId : null };
      }),
    });
  }

  /** A row for a change of an entity. */
  async makeChange({ eventType, targetType, targetId, tenantId, details, personal }: AuditedChange): Promise<AuditRow> {
    return this.complete({
      eventType,
      schemaVersion: 1,
      outcome: 'success',
      tenantId,
      actorUserId: this.context.current.actorUserId ?? null,
      targetType,
      targetId,
      details: assertJson({ ...details }, 'details'),
      personal: (personal?.fields ?? []).flatMap((field) =>
        ['before', 'after'].map((side) => ({ path: [side, field], subjectId: personal?.subjectId ?? null })),
      ),
    });
  }

  private async complete({ details, personal, ...facts }: CheckedEvent): Promise<AuditRow> {
    const { impersonatorUserId, requestId, ipAddress, userAgent } = this.context.current;
    const createdAt = this.clock.now();
    const record: AuditRecord = {
      ...facts,
      v: 1,
      id: genId(),
      impersonatorUserId: impersonatorUserId ?? null,
      requestId: printable(requestId, REQUEST_ID_MAX_LENGTH),
      ipAddress: await this.sealFor(facts.actorUserId, this.addressOf(ipAddress)),
      userAgent: await this.sealFor(facts.actorUserId, printable(userAgent, USER_AGENT_MAX_LENGTH)),
      details: await this.sealDetails(details, personal),
      createdAt: createdAt.toISOString(),
    };
    const canonical = canonicalText(record);
    const { v: _, ...columns } = record;
    return { ...columns, createdAt, canonical, leafHash: leafHash(canonical) };
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
    personal: CheckedEvent['personal'],
  ): Promise<Record<string, unknown> | null> {
    const plain = details && withoutSecrets(details);
    for (const { path, subjectId } of personal) if (plain) await this.sealAt(plain, path, subjectId);
    return plain;
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

function valueAt(details: Record<string, unknown> | null, path: string): unknown {
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
