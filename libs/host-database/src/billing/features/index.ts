export { FeatureCatalogue } from './feature-catalogue.js';
export { UnknownFeatureError, UnknownLimitError } from './features.errors.js';
// Whole, so that an application can extend FeatureTypes and LimitTypes through the room's door.
export * from './features.js';
export * from './limits.js';
