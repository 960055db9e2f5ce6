import type { StandardSchemaV1 } from '@standard-schema/spec';
import { assertJson, problemOf } from '../common/index.js';
import { InvalidJobPayloadError } from './jobs.errors.js';

/**
 * Returns the payload as it is stored: what the handler will be given, dates as strings and the like.
 *
 * @throws InvalidJobPayloadError when it is not JSON
 */
export function toJsonPayload(jobType: string, payload: unknown): unknown {
  try {
    return assertJson(payload, 'payload');
  } catch (cause) {
    throw new InvalidJobPayloadError(jobType, [], { cause });
  }
}

/** @throws InvalidJobPayloadError naming what the schema does not like */
export async function assertPayload(jobType: string, schema: StandardSchemaV1, payload: unknown): Promise<void> {
  const { issues } = await schema['~standard'].validate(payload);
  if (issues) throw new InvalidJobPayloadError(jobType, issues.map(problemOf));
}
