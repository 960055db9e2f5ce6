export { ACCESS_LEVELS, type AccessDecision, type AccessLevel, type AccessReason } from './access-decision.js';
export { AccessPolicy, resolveAccessPolicy } from './access-policy.js';
export { type AccessFacts, type AccessRules, decideAccess, type DecidedAccess } from './decide-access.js';
export type { SubscriptionState, TrialState } from './subscription-state.js';
