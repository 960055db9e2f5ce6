import { InvalidJobTypeError } from './jobs.errors.js';

const JOB_TYPE_PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;
const JOB_TYPE_MAX_LENGTH = 127;

/** @throws InvalidJobTypeError when the type is not of the form `room.verb-noun` */
export function assertJobType(type: string): void {
  if (!JOB_TYPE_PATTERN.test(type) || type.length > JOB_TYPE_MAX_LENGTH) throw new InvalidJobTypeError(type);
}
