import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';

/** How much of the catalogue of tenants a process remembers, and for how long. */
export class TenantDirectoryOptions {
  /** How many tenants are remembered; for one more, the one that nobody has asked for longest is forgotten. */
  readonly maxEntries: number = 10_000;
  /**
   * How long the catalogue's word on a tenant counts while this process hears of changes. It bounds what a notification that was lost
   * unnoticed can do.
   */
  readonly ttlMs: number = 60_000;
  /** By how much of `ttlMs` and `negativeTtlMs` at most an answer counts shorter, at random, so that not all run out together: 0 to 1. */
  readonly ttlJitter: number = 0.1;
  /** How long it counts that there is no such tenant, unless one is made meanwhile. */
  readonly negativeTtlMs: number = 60_000;
  /** How many ids, slugs and domains are remembered that nobody has. Whoever tries names at random displaces only these. */
  readonly maxNegative: number = 10_000;
  /** How long tenants that were last seen active are served while the host database cannot be reached; 0 not at all. */
  readonly staleWhileDownMs: number = 300_000;
  /** After how long without an answer the host database counts as down for tenants that can be served without it. */
  readonly downAfterMs: number = 2_000;
  /** After how long without an answer the others get a `DatabaseUnreachableError`. */
  readonly answerTimeoutMs: number = 10_000;
  /**
   * Whether this process hears of changes: on PostgreSQL by LISTEN, in a SQLite file by looking every `pollIntervalMs`. Without it, or
   * behind a proxy that swallows notifications, an answer counts for `tenantDatabases.catalogTtlMs`. @default as `jobs.notifications`
   */
  readonly notifications: boolean = true;
  /** How often a SQLite file is looked at while anything is remembered. */
  readonly pollIntervalMs: number = 250;
}

/** The options, and what others have decided. */
export class ResolvedTenantDirectoryOptions extends TenantDirectoryOptions {
  /** How long an answer counts where changes are not heard; with 0 each question goes to the database. */
  readonly catalogTtlMs: number = 1_000;
}

/** Injection token of the {@link ResolvedTenantDirectoryOptions}. */
export const TENANT_DIRECTORY_OPTIONS = Symbol('nestjs-host-database:tenant-directory-options');

/** The options that are whole numbers, and the least that each can be. */
const WHOLE_OPTIONS = {
  maxEntries: 1,
  ttlMs: 1,
  negativeTtlMs: 0,
  maxNegative: 1,
  staleWhileDownMs: 0,
  downAfterMs: 1,
  answerTimeoutMs: 1,
  pollIntervalMs: 10,
} as const satisfies Partial<Record<keyof TenantDirectoryOptions, number>>;

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveTenantDirectoryOptions(
  given: Partial<TenantDirectoryOptions> | undefined,
  decided: { readonly catalogTtlMs: number; readonly notifications: boolean },
): ResolvedTenantDirectoryOptions {
  const defaults = withDefaults<ResolvedTenantDirectoryOptions>(new ResolvedTenantDirectoryOptions(), decided);
  const options = withDefaults<ResolvedTenantDirectoryOptions>(defaults, given);
  for (const [name, min] of Object.entries(WHOLE_OPTIONS)) {
    assertWholeOption(`tenantDirectory.${name}`, options[name as keyof typeof WHOLE_OPTIONS], min);
  }
  if (!(options.ttlJitter >= 0 && options.ttlJitter <= 1)) {
    throw new InvalidOptionError(
      'tenantDirectory.ttlJitter',
      `is ${options.ttlJitter}. Use a number from 0 to 1, or leave it out.`,
    );
  }
  if (options.answerTimeoutMs < options.downAfterMs) {
    throw new InvalidOptionError(
      'tenantDirectory.answerTimeoutMs',
      `is ${options.answerTimeoutMs}, less than the ${options.downAfterMs} of downAfterMs. Use as much or more.`,
    );
  }
  return options;
}
