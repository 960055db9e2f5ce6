import { applyDecorators, type CustomDecorator, SetMetadata, UseGuards } from '@nestjs/common';
import type { Feature } from '../../billing/index.js';
import { REQUIRED_FEATURES_METADATA, REQUIRED_SUBSCRIPTION_METADATA, REQUIRED_TIER_METADATA } from '../access.constants.js';
import type { SubscriptionRequirement } from '../guards/access-declarations.js';
import { AccessGuard } from '../guards/access.guard.js';

/** How a subscription is asked for. */
export interface RequireSubscriptionOptions {
  /** Whether the route only reads, and so is open also while access is restricted. @default false */
  readonly toRead?: boolean;
}

/**
 * Lets members of tenants in that have access by a subscription, a purchase or a trial, in grace too. Others get a `PaymentRequiredError`; that
 * a tenant is refused, and let in again, is recorded once each.
 */
export function RequireSubscription({ toRead = false }: RequireSubscriptionOptions = {}): ClassDecorator & MethodDecorator {
  const required = (toRead ? 'to-read' : 'full') satisfies SubscriptionRequirement;
  return applyDecorators(SetMetadata(REQUIRED_SUBSCRIPTION_METADATA, required), UseGuards(AccessGuard));
}

/** Takes the `@RequireSubscription()` of its class back from a method: one where people pay, or take their data with them. */
export function WithoutSubscription(): CustomDecorator {
  return SetMetadata(REQUIRED_SUBSCRIPTION_METADATA, 'none' satisfies SubscriptionRequirement);
}

/**
 * Lets members of tenants in whose plan includes all of these features now. Others get a `PaymentRequiredError`. A feature that is not declared
 * in `billing.features` stops the boot.
 */
export function RequireFeature(...features: [Feature, ...Feature[]]): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(REQUIRED_FEATURES_METADATA, features), UseGuards(AccessGuard));
}

/** Lets members of tenants in whose plan has at least this level now. Others get a `PaymentRequiredError`. */
export function RequireTier(tierLevel: number): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(REQUIRED_TIER_METADATA, tierLevel), UseGuards(AccessGuard));
}
