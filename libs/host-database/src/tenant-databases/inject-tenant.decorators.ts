import { type EntityName, Utils } from '@mikro-orm/core';
import { Inject } from '@nestjs/common';

/** Injection token of the EntityManager of the current tenant. */
export const TENANT_ENTITY_MANAGER = Symbol('nestjs-host-database:tenant-entity-manager');

/** Injection token of the repository of one tenant entity. */
export function getTenantRepositoryToken(entity: EntityName): string {
  return `${Utils.className(entity)}TenantRepository`;
}

/**
 * Injects the repository of a tenant entity, bound to the current tenant at every call; a call where no tenant is bound throws
 * `NoTenantError`. The entity has to be listed in `tenantDatabases.entities`.
 */
export function InjectTenantRepository(entity: EntityName): ParameterDecorator & PropertyDecorator {
  return Inject(getTenantRepositoryToken(entity));
}

/** Injects the EntityManager of the current tenant, bound at every call; a call where no tenant is bound throws `NoTenantError`. */
export function InjectTenantEntityManager(): ParameterDecorator & PropertyDecorator {
  return Inject(TENANT_ENTITY_MANAGER);
}
