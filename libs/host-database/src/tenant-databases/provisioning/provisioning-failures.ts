import { inspect } from 'node:util';
import { ServerException } from '@mikro-orm/core';
import { InvalidInputError, InvalidOptionError } from '../../common/index.js';
import { DatabaseConfigError, DatabaseDriverMissingError, isTransientFailure } from '../../database/index.js';
import { Discard, JobCancelledError, JobLeaseLostError, Snooze, WorkerShutdownError } from '../../jobs/index.js';
import { DuplicateTenantDatabaseError, SecretsNotConfiguredError, TenantStatusConflictError } from '../../tenants/index.js';
import { TenantPlacementError, TenantSchemaError } from '../tenant-databases.errors.js';
import { ProvisioningLostError } from './provisioning-ledger.js';

const REASON_LENGTH = 2_000;

/** What the same attempt made once more would fail with again. */
const FINAL = [
  Discard,
  DatabaseConfigError,
  DatabaseDriverMissingError,
  DuplicateTenantDatabaseError,
  InvalidInputError,
  InvalidOptionError,
  SecretsNotConfiguredError,
  TenantPlacementError,
  TenantSchemaError,
  TenantStatusConflictError,
];

/** What ends an attempt without being a failure of its step. */
const INTERRUPTIONS = [ProvisioningLostError, Snooze, WorkerShutdownError, JobLeaseLostError, JobCancelledError];

export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  return INTERRUPTIONS.some((type) => error instanceof type || reason instanceof type);
}

/** Whether there is no use in another attempt. A migration that the database refuses stays as it is; a deadlock does not. */
export function isFinal(error: unknown, step: string): boolean {
  if (FINAL.some((type) => error instanceof type)) return true;
  return step === 'migrate' && causesOf(error).some((cause) => cause instanceof ServerException && !isTransientFailure(cause));
}

/** What is told of an error: its message, without what must stay secret. */
export function reasonOf(error: unknown, secret: string | undefined): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
  const plain = secret ? text.replaceAll(secret, '[redacted]') : text;
  return plain.replaceAll('\0', '\u2400').slice(0, REASON_LENGTH).toWellFormed();
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause instanceof Error && !causes.includes(cause); cause = cause.cause) causes.push(cause);
  return causes;
}
