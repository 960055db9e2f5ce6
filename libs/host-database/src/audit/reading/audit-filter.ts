import { createHash } from 'node:crypto';
import { assertId, assertOneOf, assertText, InvalidInputError } from '../../common/index.js';
import { AUDIT_OUTCOMES, type AuditOutcome } from '../host-audit-log.entity.js';

/** Which rows of the log. What is left out does not matter. */
export interface AuditFilter {
  /** `host`, the id of a tenant, or `all`. Never left out: a forgotten one must not show everybody everything. */
  readonly scope: string;
  readonly actorUserId?: string;
  readonly targetId?: string;
  /** One event type, or several; `projects.*` is each that begins with `projects.` */
  readonly eventType?: string | readonly string[];
  readonly outcome?: AuditOutcome;
  /** Recorded then or later, by the application's clock. */
  readonly from?: Date;
  /** Recorded before. */
  readonly to?: Date;
}

/** Which of the rows of one tenant. */
export type TenantAuditFilter = Omit<AuditFilter, 'scope'>;

/** Which rows come first. */
export type AuditOrder = 'newest' | 'oldest';

/** A filter that was checked, with its event types as a list. */
export interface CheckedAuditFilter extends Omit<AuditFilter, 'eventType'> {
  readonly eventTypes?: readonly string[];
}

const MOST_EVENT_TYPES = 50;
const EVENT_TYPE_MAX_LENGTH = 127;
/** What both databases take as a time. */
const [EARLIEST, LATEST] = [new Date('0001-01-01T00:00:00.000Z'), new Date('9999-12-31T23:59:59.999Z')];

/** @throws InvalidInputError, InvalidIdError */
export function checkAuditFilter(filter: AuditFilter): CheckedAuditFilter {
  const { scope, actorUserId, targetId, eventType, outcome, from, to } = filter;
  if (scope !== 'host' && scope !== 'all') assertId(scope, 'tenant');
  return {
    scope,
    ...(actorUserId !== undefined && { actorUserId: assertText(actorUserId, 'actorUserId') }),
    ...(targetId !== undefined && { targetId: assertText(targetId, 'targetId') }),
    ...(eventType !== undefined && { eventTypes: checkEventTypes(eventType) }),
    ...(outcome !== undefined && { outcome: assertOneOf(outcome, AUDIT_OUTCOMES, 'outcome') }),
    ...(from !== undefined && { from: checkDate(from, 'from') }),
    ...(to !== undefined && { to: checkDate(to, 'to') }),
  };
}

/** Whether a filter leaves out no row of its scope. */
export function isWholeScope(filter: CheckedAuditFilter): boolean {
  return Object.keys(filter).length === 1;
}

/** Tells filters apart: a few bytes that are the same for the same filter and order. */
export function fingerprintOf(filter: CheckedAuditFilter, order: AuditOrder): Buffer {
  // The keys are always in the order of checkAuditFilter().
  return createHash('sha256')
    .update(JSON.stringify([filter, order]))
    .digest()
    .subarray(0, FINGERPRINT_BYTES);
}

export const FINGERPRINT_BYTES = 8;

function checkEventTypes(given: string | readonly string[]): string[] {
  const types = (typeof given === 'string' ? [given] : given).map((type) => assertText(type, 'eventType', EVENT_TYPE_MAX_LENGTH));
  if (types.length === 0 || types.length > MOST_EVENT_TYPES) {
    throw new InvalidInputError('eventType', `must be one to ${MOST_EVENT_TYPES} event types. For more, use room.*`);
  }
  return [...new Set(types)].toSorted();
}

function checkDate(value: Date, field: string): Date {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new InvalidInputError(field, 'must be a valid Date.');
  if (value < EARLIEST || value > LATEST) throw new InvalidInputError(field, 'must be in the years 1 to 9999.');
  return value;
}
