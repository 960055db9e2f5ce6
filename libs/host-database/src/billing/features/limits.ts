import { assertKeys } from './assert-keys.js';

/**
 * What plans include so many of, by its keys; the application adds its own by interface augmentation:
 *
 * ```ts
 * declare module 'nestjs-host-database/billing' {
 *   interface LimitTypes extends InferLimits<typeof limits> {}
 * }
 * ```
 */
export interface LimitTypes extends InferLimits<typeof builtInLimits> {}

/** The key of a limit. */
export type Limit = Extract<keyof LimitTypes, string>;

/** How many of each there may be; what is missing is not limited. */
export type Limits = Readonly<Partial<Record<Limit, number>>>;

/** What there is to say of one. */
export interface LimitDefinition {
  /** What it counts, for those who put plans together. */
  readonly description?: string;
}

export type LimitDefinitions = Readonly<Record<string, LimitDefinition>>;

/** The keys of some definitions, for {@link LimitTypes}. */
export type InferLimits<T extends LimitDefinitions> = { readonly [Key in keyof T]: true };

/** Keeps the keys as types. @throws InvalidOptionError where one is not written as `projects` */
export function defineLimits<const T extends LimitDefinitions>(definitions: T): T {
  assertKeys('billing.limits', definitions);
  return definitions;
}

/** What the library itself counts. */
export const builtInLimits = defineLimits({
  /** Active memberships. */
  seats: {},
});
