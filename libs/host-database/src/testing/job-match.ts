import { isDeepStrictEqual } from 'node:util';
import type { JobPayload, SystemJob } from '../jobs/index.js';

/** Some fields of a payload, at any depth; lists are given whole. */
export type PayloadMatch<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: PayloadMatch<T[K]> } : T;

/** What a job is looked for by. Everything that is given has to hold. */
export interface JobMatch<T extends string = string> {
  /** What the payload contains: fields that are not given may be anything. */
  readonly payload?: PayloadMatch<JobPayload<T>>;
  /** null for a job without a tenant. */
  readonly tenantId?: string | null;
  readonly queue?: string;
}

/** Whether a job is one of those that are looked for. */
export function isMatch(job: SystemJob, { payload, tenantId, queue }: JobMatch): boolean {
  return (
    (tenantId === undefined || (job.tenantId ?? null) === tenantId) &&
    (queue === undefined || job.queue === queue) &&
    (payload === undefined || contains(job.payload, asStored(payload)))
  );
}

/** Dates are strings in a payload, and fields that are undefined are not there. */
function asStored(payload: unknown): unknown {
  return JSON.parse(JSON.stringify(payload)) as unknown;
}

function contains(actual: unknown, expected: unknown): boolean {
  if (!isRecord(expected)) return isDeepStrictEqual(actual, expected);
  return isRecord(actual) && Object.entries(expected).every(([key, value]) => contains(actual[key], value));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
