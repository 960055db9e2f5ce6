import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import type { MembershipRole, Permission } from '../../memberships/index.js';
import {
  ACCESS_LEVEL_METADATA,
  OWN_PAGES_ONLY_METADATA,
  REQUIRED_PERMISSIONS_METADATA,
  REQUIRED_ROLE_METADATA,
  TENANT_INACTIVE_METADATA,
  TENANT_PARAM_METADATA,
} from '../access.constants.js';
import { AccessGuard } from '../guards/access.guard.js';

/** Who may call a route at all, where that is not everybody who is signed in. */
export type AccessLevel = 'public' | 'system-admin';

/** How a route is for everybody. */
export interface PublicOptions {
  /**
   * Whether another site's page is refused what changes something (`CsrfRefusedError`), before the route runs: for those by which somebody
   * signs in.
   *
   * @default false
   */
  readonly ownPagesOnly?: boolean;
}

/**
 * Lets everybody in, signed in or not; nobody is asked who they are. On a method it takes back what its class asks for.
 *
 * A declaration on a method stands in place of the same declaration on its class; different ones hold together. What contradicts itself stops
 * the boot with an `AccessDeclarationError`.
 */
export function Public({ ownPagesOnly = false }: PublicOptions = {}): ClassDecorator & MethodDecorator {
  const level = SetMetadata(ACCESS_LEVEL_METADATA, 'public' satisfies AccessLevel);
  if (!ownPagesOnly) return level;
  return applyDecorators(level, SetMetadata(OWN_PAGES_ONLY_METADATA, true), UseGuards(AccessGuard));
}

/** Lets system administrators in, acting as themselves. Others get a `SystemAdminRequiredError`, which is recorded. */
export function SystemAdmin(): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(ACCESS_LEVEL_METADATA, 'system-admin' satisfies AccessLevel), UseGuards(AccessGuard));
}

/** How a route is one of a tenant. */
export interface TenantRouteOptions {
  /** The route parameter that names it, where the source `path` is looked at. @default 'tenantId' */
  readonly param?: string;
  /** Whether it works whatever the tenant's status: to reactivate a tenant, for one. @default false */
  readonly inactive?: boolean;
}

/**
 * Makes a controller or route one of a tenant, for its members only: which one is found as `access.resolution` says. Without a run in the
 * tenant's database; with one it is `@TenantScoped()`.
 *
 * A request is refused with `NotAuthenticatedError`, `TenantRequiredError`, `TenantNotFoundError`, `TenantMismatchError`,
 * `TenantAccessDeniedError`, `InvalidIdError` or `TenantNotActiveError`.
 */
export function TenantRoute({ param = 'tenantId', inactive = false }: TenantRouteOptions = {}): ClassDecorator & MethodDecorator {
  return applyDecorators(
    SetMetadata(TENANT_PARAM_METADATA, param),
    SetMetadata(TENANT_INACTIVE_METADATA, inactive),
    UseGuards(AccessGuard),
  );
}

/** Lets members in whose role in the tenant is at least this one. Others get a `RoleRequiredError`, which is recorded. */
export function RequireRole(role: MembershipRole): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(REQUIRED_ROLE_METADATA, role), UseGuards(AccessGuard));
}

/** Lets members in who have all of these permissions in the tenant. Others get a `PermissionRequiredError`, which is recorded. */
export function RequirePermission(...permissions: [Permission, ...Permission[]]): ClassDecorator & MethodDecorator {
  return applyDecorators(SetMetadata(REQUIRED_PERMISSIONS_METADATA, permissions), UseGuards(AccessGuard));
}
