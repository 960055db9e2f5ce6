// Compiles, or the promise that it states is broken. Nothing here runs.
import type { EntityRepository, Opt, RequiredEntityData } from '@mikro-orm/core';
import type { GlobalUser, HostDatabase, Membership, SystemJob, TenantCatalog } from 'nestjs-host-database';
import type { TenantStatus } from 'nestjs-host-database/tenants';
import { type Equal, expectType } from './expect-type.js';

// Opt marks what the application or the database fills in; it reads as the type inside.
expectType<Equal<GlobalUser['id'], Opt<string>>>();
expectType<Equal<GlobalUser['email'], string>>();
expectType<Equal<GlobalUser['oauthId'], string | null | undefined>>();
expectType<Equal<GlobalUser['isSysAdmin'], Opt<boolean>>>();
expectType<Equal<GlobalUser['createdAt'], Opt<Date>>>();
expectType<Equal<GlobalUser['lastLogin'], Date | null | undefined>>();

expectType<Equal<TenantCatalog['status'], Opt<TenantStatus>>>();
expectType<
  Equal<TenantStatus, 'provisioning' | 'active' | 'suspended' | 'archived' | 'pending_deletion' | 'deleted' | 'failed'>
>();
expectType<Equal<TenantCatalog['mode'], Opt<'database' | 'schema'>>>();
expectType<Equal<Membership['role'], Opt<'owner' | 'admin' | 'member'>>>();
expectType<Equal<SystemJob['payload'], unknown>>();

expectType<Equal<HostDatabase['globalUsers'], EntityRepository<GlobalUser>>>();

// What the application fills in need not be given.
export const newUser: RequiredEntityData<GlobalUser> = { email: 'ada@example.com' };
// @ts-expect-error a user has an email
export const nobody: RequiredEntityData<GlobalUser> = { isSysAdmin: true };
// @ts-expect-error and no such property
export const somebody: RequiredEntityData<GlobalUser> = { email: 'ada@example.com', admin: true };
