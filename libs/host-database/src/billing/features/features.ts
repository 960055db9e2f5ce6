import { assertKeys } from './assert-keys.js';

/**
 * What plans can include, by its keys; the application adds its own by interface augmentation:
 *
 * ```ts
 * declare module 'nestjs-host-database/billing' {
 *   interface FeatureTypes extends InferFeatures<typeof features> {}
 * }
 * ```
 */
export interface FeatureTypes {}

/** The key of a feature. */
export type Feature = Extract<keyof FeatureTypes, string>;

/** What there is to say of one. */
export interface FeatureDefinition {
  /** What it is, for those who put plans together. */
  readonly description?: string;
}

export type FeatureDefinitions = Readonly<Record<string, FeatureDefinition>>;

/** The keys of some definitions, for {@link FeatureTypes}. */
export type InferFeatures<T extends FeatureDefinitions> = { readonly [Key in keyof T]: true };

/** Keeps the keys as types. @throws InvalidOptionError where one is not written as `api_access` */
export function defineFeatures<const T extends FeatureDefinitions>(definitions: T): T {
  assertKeys('billing.features', definitions);
  return definitions;
}
