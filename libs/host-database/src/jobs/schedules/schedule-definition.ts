import { assertId, INT32_MAX } from '../../common/index.js';
import { toJsonPayload } from '../job-payload.js';
import { assertJobType } from '../job-type.js';
import { isQueueName } from '../jobs.options.js';
import { CronSlots } from './cron-slots.js';
import { MISSED_SLOT_POLICIES, type MissedSlotPolicy } from './job-schedule.entity.js';
import { InvalidScheduleError } from './schedules.errors.js';

/** What any schedule may say beside its cron. */
export interface ScheduleOptions {
  /** An IANA name such as `Europe/Berlin`, in which the fields of the cron are meant. @default 'UTC' */
  readonly timeZone?: string;
  /**
   * What becomes of slots that passed while no worker was there to see them: `skip` drops them (but runs one that is less than a minute
   * late), `once` runs the newest for all of them, `all` runs each, the newest `missedLimit` of them.
   *
   * @default 'once'
   */
  readonly missed?: MissedSlotPolicy;
  /** How many slots `all` runs at most, 1 to 1000. @default 100 */
  readonly missedLimit?: number;
  /** @default the queue of the handler, or `default` */
  readonly queue?: string;
  /** The smaller one runs first. @default 0 */
  readonly priority?: number;
}

/** What a schedule says, before it is checked. */
interface GivenSchedule extends ScheduleOptions {
  readonly name: string;
  readonly type: string;
  readonly cron: string;
  readonly payload?: unknown;
  readonly tenantId?: string;
}

/** What a schedule says, as it is stored. */
export interface ScheduleDefinition extends Required<ScheduleOptions> {
  readonly name: string;
  readonly jobType: string;
  readonly cron: string;
  readonly payload: unknown;
  readonly tenantId: string | null;
}

const MISSED_LIMIT_MAX = 1_000;
/** Any instant will do to ask whether there ever is a slot: no pattern is about a year. */
const LONG_AGO = new Date(0);

/** @throws InvalidScheduleError, InvalidJobTypeError, InvalidJobPayloadError, InvalidIdError */
export function toScheduleDefinition(given: GivenSchedule, handlerQueue = 'default'): ScheduleDefinition {
  const { name, type, cron, payload, tenantId } = given;
  const { timeZone = 'UTC', missed = 'once', missedLimit = 100, queue = handlerQueue, priority = 0 } = given;
  assertJobType(type);
  const rules: [field: string, holds: boolean, rule: string][] = [
    ['name', isText(name, 127), 'must be a text of 1 to 127 characters, without control characters or spaces around it.'],
    ['cron', isText(cron, 255), 'must be a text of at most 255 characters, without spaces around it.'],
    ['timeZone', isText(timeZone, 63), 'must be an IANA name of at most 63 characters.'],
    ['missed', MISSED_SLOT_POLICIES.includes(missed), `must be one of: ${MISSED_SLOT_POLICIES.join(', ')}.`],
    ['missedLimit', isWhole(missedLimit, 1, MISSED_LIMIT_MAX), `must be a whole number from 1 to ${MISSED_LIMIT_MAX}.`],
    ['queue', isQueueName(queue), 'must be 1 to 63 lower-case letters, digits, dots, dashes or underscores.'],
    ['priority', isWhole(priority, -INT32_MAX, INT32_MAX), `must be a whole number from ${-INT32_MAX} to ${INT32_MAX}.`],
  ];
  for (const [field, holds, rule] of rules) if (!holds) throw new InvalidScheduleError(name, field, rule);
  if (!CronSlots.of({ name, cron, timeZone }).next(LONG_AGO)) {
    throw new InvalidScheduleError(name, 'cron', `'${cron}' never comes. Pass days that a month has.`);
  }
  return {
    name,
    jobType: type,
    cron,
    timeZone,
    payload: payload === undefined ? null : toJsonPayload(type, payload),
    tenantId: tenantId === undefined ? null : assertId(tenantId, 'tenant'),
    queue,
    priority,
    missed,
    missedLimit,
  };
}

function isText(value: unknown, maxLength: number): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength && !/^\s|\p{Cc}|\s$/u.test(value);
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
