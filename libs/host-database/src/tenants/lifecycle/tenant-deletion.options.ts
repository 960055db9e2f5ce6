import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';
import type { TenantExportSink } from './tenant-export-sink.interface.js';

/** The most that a deletion can be put off: ten years. */
export const GRACE_DAYS_MAX = 3_650;

/** How tenants are deleted. */
export class TenantDeletionOptions {
  /** For how many days a tenant that is to be deleted can be restored. */
  readonly graceDays: number = 30;
  /** Where the data of tenants is exported to before it is removed, where that is asked for: a directory, or what keeps files elsewhere. */
  readonly exportTo?: string | TenantExportSink;
}

/** Injection token of the {@link TenantDeletionOptions}. */
export const TENANT_DELETION_OPTIONS = Symbol('nestjs-host-database:tenant-deletion-options');

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveTenantDeletionOptions(given: Partial<TenantDeletionOptions> | undefined): TenantDeletionOptions {
  const options = withDefaults(new TenantDeletionOptions(), given);
  assertWholeOption('tenantDeletion.graceDays', options.graceDays, 0);
  if (options.graceDays > GRACE_DAYS_MAX) {
    throw new InvalidOptionError(
      'tenantDeletion.graceDays',
      `is ${options.graceDays}. Use at most ${GRACE_DAYS_MAX}, ten years.`,
    );
  }
  const { exportTo } = options;
  const isSink = typeof exportTo === 'object' && typeof exportTo.write === 'function' && typeof exportTo.read === 'function';
  if (exportTo !== undefined && !isSink && !(typeof exportTo === 'string' && exportTo.length > 0)) {
    throw new InvalidOptionError('tenantDeletion.exportTo', 'is neither the path of a directory nor has it write() and read().');
  }
  return options;
}
