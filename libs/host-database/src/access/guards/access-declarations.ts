import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { MembershipRole, Permission } from '../../memberships/index.js';
import {
  ACCESS_LEVEL_METADATA,
  OWN_PAGES_ONLY_METADATA,
  REQUIRED_PERMISSIONS_METADATA,
  REQUIRED_ROLE_METADATA,
  TENANT_INACTIVE_METADATA,
  TENANT_PARAM_METADATA,
} from '../access.constants.js';

/** What is declared on a class or a method. */
export interface AccessDeclaration {
  readonly level?: 'public' | 'system-admin';
  /** Whether what is public is refused to the pages of other sites. */
  readonly ownPagesOnly?: boolean;
  readonly role?: MembershipRole;
  readonly permissions?: readonly Permission[];
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
    const tenantParam = reflector.get<AccessDeclaration['tenantParam']>(TENANT_PARAM_METADATA, target);
    const allowsInactive = reflector.get<AccessDeclaration['allowsInactive']>(TENANT_INACTIVE_METADATA, target);
    return {
      ...(level && { level }),
      ...(ownPagesOnly !== undefined && { ownPagesOnly }),
      ...(role && { role }),
      ...(permissions && { permissions }),
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
export function isOfTenant({ role, permissions, tenantParam }: AccessDeclaration): boolean {
  return role !== undefined || permissions !== undefined || tenantParam !== undefined;
}

export function asksForSomething(declaration: AccessDeclaration): boolean {
  return declaration.level === 'system-admin' || isOfTenant(declaration);
}
