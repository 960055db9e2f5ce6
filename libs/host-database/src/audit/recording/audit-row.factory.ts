import { Inject, Injectable } from '@nestjs/common';
import { assertId, assertJson, assertOneOf, assertText, Clock, genId, isId } from '../../common/index.js';
import { ContextService } from '../../context/index.js';
import type { AuditedChange } from '../capture/change-recorder.js';
import { AuditCatalogue } from '../catalogue/index.js';
import { replaceTexts } from '../erasure/json-texts.js';
import { PersonalData } from '../erasure/personal-data.js';
import { clearText, placeOf, pointerTo } from '../erasure/sealed-text.js';
import { AUDIT_OUTCOMES } from '../host-audit-log.entity.js';
import { type AuditRecord, canonicalText, leafHash } from '../integrity/index.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import type { UncheckedAuditEvent } from './audit-event.js';
import { networkOf } from './network-address.js';
import { withoutSecrets } from './secrets.js';

/** The kind of target that is a user of the host. */
const USER = 'user';
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
  /** Whose address and user agent those of the request are, as far as anybody can tell. */
  readonly asking: string | null;
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

  /** @throws UnknownAuditEventTypeError, InvalidAuditDetailsError, InvalidInputError, InvalidIdError */
  async make(event: UncheckedAuditEvent): Promise<AuditRow> {
    const { eventType, outcome = 'success' } = event;
    const { version = 1, targetType: usualTargetType, personal = {} } = this.catalogue.get(eventType);
    const { current } = this.context;
    const actorUserId = idOrNull(event.actorUserId === undefined ? current.actorUserId : event.actorUserId, 'actor');
    const targetId = event.targetId === undefined ? null : assertText(event.targetId, 'targetId');
    const targetType = event.targetType ?? usualTargetType;
    const checked = await this.catalogue.check(eventType, event.details);
    const details = checked === null ? null : assertJson(checked, 'details');
    return this.complete({
      eventType,
      schemaVersion: version,
      outcome: assertOneOf(outcome, AUDIT_OUTCOMES, 'outcome'),
      tenantId: idOrNull(event.tenantId === undefined ? current.tenantId : event.tenantId, 'tenant'),
      actorUserId,
      // Without an actor, as in a failed sign-in, it is the user that it was tried for.
      asking: actorUserId ?? (targetType === USER && isId(targetId) ? targetId : null),
      targetType: targetType === undefined ? null : assertText(targetType, 'targetType', TARGET_TYPE_MAX_LENGTH),
      targetId,
      details,
      personal: Object.entries(personal).map(([path, whose]) => {
        const parties = { actor: actorUserId, target: targetId };
        const subjectId =
          whose === 'actor' || whose === 'target' ? parties[whose] : valueAt(details, whose.slice('details.'.length).split('.'));
        return { path: path.split('.'), subjectId: typeof subjectId === 'string' ? subjectId : null };
      }),
    });
  }

  /** A row for a change of an entity. */
  async makeChange({ eventType, targetType, targetId, tenantId, details, personal }: AuditedChange): Promise<AuditRow> {
    const actorUserId = idOrNull(this.context.current.actorUserId, 'actor');
    return this.complete({
      eventType,
      schemaVersion: 1,
      outcome: 'success',
      tenantId,
      actorUserId,
      asking: actorUserId ?? personal?.subjectId ?? null,
      targetType,
      targetId,
      details: assertJson({ ...details }, 'details'),
      personal: (personal?.fields ?? []).flatMap((field) =>
        ['before', 'after'].map((side) => ({ path: [side, field], subjectId: personal?.subjectId ?? null })),
      ),
    });
  }

  private async complete({ details, personal, asking, ...facts }: CheckedEvent): Promise<AuditRow> {
    const { impersonatorUserId, requestId } = this.context.current;
    const { ipAddress, userAgent } = this.clientFor(asking);
    const createdAt = this.clock.now();
    // Known first: what is sealed is bound to it.
    const id = genId();
    const columns = {
      ...facts,
      id,
      impersonatorUserId: idOrNull(impersonatorUserId, 'impersonator'),
      requestId: printable(requestId, REQUEST_ID_MAX_LENGTH),
      ipAddress: ipAddress && (await this.sealFor(asking, ipAddress, placeOf(id, '/ipAddress'))),
      userAgent: userAgent && (await this.sealFor(asking, userAgent, placeOf(id, '/userAgent'))),
      details: details && (await this.sealDetails(id, details, personal)),
    };
    const record: AuditRecord = { ...columns, v: 1, createdAt: createdAt.toISOString() };
    const canonical = canonicalText(record);
    return { ...columns, createdAt, canonical, leafHash: leafHash(canonical) };
  }

  private clientFor(asking: string | null): { readonly ipAddress: string | null; readonly userAgent: string | null } {
    const { ipAddress, userAgent } = this.context.current;
    // In clear, for nobody's key is known, they could not be erased: only what does not tell one client from another is kept.
    if (asking === null && this.personalData.isErasable)
      return { ipAddress: this.addressOf(ipAddress, 'network'), userAgent: null };
    return { ipAddress: this.addressOf(ipAddress, 'full'), userAgent: printable(userAgent, USER_AGENT_MAX_LENGTH) };
  }

  private addressOf(address: string | undefined, most: 'full' | 'network'): string | null {
    const { ipAddress } = this.options;
    if (address === undefined || ipAddress === 'none') return null;
    return (ipAddress === 'network' || most === 'network' ? networkOf(address) : printable(address, 45)) ?? null;
  }

  private async sealFor(subjectId: string | null, text: string, place: string): Promise<string> {
    return subjectId === null ? clearText(text) : this.personalData.seal(subjectId, { text, place });
  }

  private async sealDetails(
    rowId: string,
    details: Readonly<Record<string, unknown>>,
    personal: CheckedEvent['personal'],
  ): Promise<Readonly<Record<string, unknown>>> {
    if (personal.length === 0) return withoutSecrets(details, clearText);
    const plain = withoutSecrets(details);
    const stored = replaceTexts(plain, clearText);
    for (const { path, subjectId } of personal) {
      const value = valueAt(plain, path);
      const parent = valueAt(stored, path.slice(0, -1));
      // What is in a field that was sealed as a whole is sealed.
      if (value === null || value === undefined || typeof parent !== 'object' || parent === null) continue;
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const place = placeOf(rowId, path.reduce(pointerTo, '/details'));
      (parent as Record<string, unknown>)[path.at(-1)!] = await this.sealFor(subjectId, text, place);
    }
    return stored;
  }
}

function idOrNull(id: string | null | undefined, subject: string): string | null {
  return id === null || id === undefined ? null : assertId(id, subject);
}

/** What is at a path of JSON; what every object inherits is not. */
function valueAt(details: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    details,
  );
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
