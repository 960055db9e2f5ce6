import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Feature, PaymentRequirement } from '../../billing/index.js';
import type { MembershipRole, Permission } from '../../memberships/index.js';
import {
  ACCESS_LEVEL_METADATA,
  OWN_PAGES_ONLY_METADATA,
  REQUIRED_FEATURES_METADATA,
  REQUIRED_PERMISSIONS_METADATA,
  REQUIRED_ROLE_METADATA,
  REQUIRED_SUBSCRIPTION_METADATA,
  REQUIRED_TIER_METADATA,
  TENANT_INACTIVE_METADATA,
  TENANT_PARAM_METADATA,
} from '../access.constants.js';

/** What a route asks of a subscription: that it gives access, that it does so at least to read, or nothing. */
export type SubscriptionRequirement = 'full' | 'to-read' | 'none';

/** What is declared on a class or a method. */
export interface AccessDeclaration {
  readonly level?: 'public' | 'system-admin';
  /** Whether what is public is refused to the pages of other sites. */
  readonly ownPagesOnly?: boolean;
  readonly role?: MembershipRole;
  readonly permissions?: readonly Permission[];
  readonly subscription?: SubscriptionRequirement;
  readonly features?: readonly Feature[];
  /** The least level of the plan. */
  readonly tierLevel?: number;
  /** The route parameter with the tenant; declared for routes of a tenant only. */
  readonly tenantParam?: string;
  readonly allowsInactive?: boolean;
}

type Target = Parameters<Reflector['get']>[1];

/** Reads what the decorators have written. */
@Injectable()
export class AccessDeclarations {
  private readonly known = new WeakMap<Target, WeakMap<Target, AccessDeclaration>>();

  constructor(private readonly reflector: Reflector) {}

  /** What holds for a method: its own declarations, and those of its class that it does not replace. */
  of(handler: Target, controller: Target): AccessDeclaration {
    const ofController = this.known.get(controller) ?? new WeakMap<Target, AccessDeclaration>();
    this.known.set(controller, ofController);
    const known = ofController.get(handler) ?? this.combine(this.on(handler), this.on(controller));
    ofController.set(handler, known);
    return known;
  }

  /** What is written on this class or method itself. */
  on(target: Target): AccessDeclaration {
    const { reflector } = this;
    const level = reflector.get<AccessDeclaration['level']>(ACCESS_LEVEL_METADATA, target);
    const ownPagesOnly = reflector.get<boolean | undefined>(OWN_PAGES_ONLY_METADATA, target);
    const role = reflector.get<AccessDeclaration['role']>(REQUIRED_ROLE_METADATA, target);
    const permissions = reflector.get<AccessDeclaration['permissions']>(REQUIRED_PERMISSIONS_METADATA, target);
    const subscription = reflector.get<AccessDeclaration['subscription']>(REQUIRED_SUBSCRIPTION_METADATA, target);
    const features = reflector.get<AccessDeclaration['features']>(REQUIRED_FEATURES_METADATA, target);
    const tierLevel = reflector.get<AccessDeclaration['tierLevel']>(REQUIRED_TIER_METADATA, target);
    const tenantParam = reflector.get<AccessDeclaration['tenantParam']>(TENANT_PARAM_METADATA, target);
    const allowsInactive = reflector.get<AccessDeclaration['allowsInactive']>(TENANT_INACTIVE_METADATA, target);
    return {
      ...(level && { level }),
      ...(ownPagesOnly !== undefined && { ownPagesOnly }),
      ...(role && { role }),
      ...(permissions && { permissions }),
      ...(subscription && { subscription }),
      ...(features && { features }),
      ...(tierLevel !== undefined && { tierLevel }),
      ...(tenantParam !== undefined && { tenantParam }),
      ...(allowsInactive !== undefined && { allowsInactive }),
    };
  }

  private combine(own: AccessDeclaration, ofClass: AccessDeclaration): AccessDeclaration {
    if (own.level === 'public') return own;
    const { level, ownPagesOnly: _ofPublic, ...others } = ofClass;
    // A class that is public is not where one of its methods asks for something.
    const isTakenBack = level === 'public' && asksForSomething(own);
    return { ...(isTakenBack ? others : ofClass), ...own };
  }
}

/** Whether it is about a tenant. */
export function isOfTenant(declaration: AccessDeclaration): boolean {
  const { role, permissions, tenantParam } = declaration;
  return role !== undefined || permissions !== undefined || tenantParam !== undefined || paymentOf(declaration) !== undefined;
}

/** What has to be paid for; undefined where that is nothing. */
export function paymentOf({ subscription, features, tierLevel }: AccessDeclaration): PaymentRequirement | undefined {
  const isRequired = subscription === 'full' || subscription === 'to-read';
  if (!isRequired && !features && tierLevel === undefined) return undefined;
  return {
    subscription: isRequired,
    toRead: subscription === 'to-read',
    ...(features && { features }),
    ...(tierLevel !== undefined && { tierLevel }),
  };
}

export function asksForSomething(declaration: AccessDeclaration): boolean {
  return declaration.level === 'system-admin' || isOfTenant(declaration);
}
