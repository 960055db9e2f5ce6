// Compiles, or the promise that it states is broken. Nothing here runs.
import {
  defineFeatures,
  defineLimits,
  type Feature,
  type InferFeatures,
  type InferLimits,
  type Limit,
  type PlanFacts,
} from 'nestjs-host-database/billing';
import { type Equal, expectType } from './expect-type.js';

export const features = defineFeatures({ typed_api: {}, typed_exports: { description: 'Export everything.' } });
export const limits = defineLimits({ typed_projects: {} });

declare module 'nestjs-host-database/billing' {
  interface FeatureTypes extends InferFeatures<typeof features> {}
  interface LimitTypes extends InferLimits<typeof limits> {}
}

// @ts-expect-error no such fact of a feature
defineFeatures({ typed_api: { colour: 'blue' } });

expectType<Equal<Extract<Feature, 'typed_api' | 'typed_imports'>, 'typed_api'>>();
expectType<Equal<Extract<Limit, 'typed_projects' | 'seats' | 'typed_tasks'>, 'typed_projects' | 'seats'>>();

export const plan: PlanFacts = { features: ['typed_api'], limits: { seats: 5, typed_projects: 1 } };
// @ts-expect-error a feature that is misspelt
export const misspelt: PlanFacts = { features: ['typed_apis'] };
// @ts-expect-error a limit that there is not
export const unlimited: PlanFacts = { limits: { typed_tasks: 1 } };
