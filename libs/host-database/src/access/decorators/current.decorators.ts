import { createParamDecorator, Injectable, type PipeTransform } from '@nestjs/common';
import { ContextService } from '../../context/index.js';
import { NoTenantError } from '../../tenant-databases/index.js';
import { TenantDirectory, type TenantRecord } from '../../tenants/index.js';
import { NotAuthenticatedError } from '../access.errors.js';
import type { MembershipGrant } from '../resolution/membership-grants.js';
import { TenantAccess } from '../tenant-access.js';

/** Who is signed in. No entity: `UsersService.getById()` loads that. */
export interface ActingUser {
  readonly id: string;
  /** The library's own session, where there is one. */
  readonly sessionId?: string;
  /** The system administrator who acts as this user. */
  readonly impersonatorUserId?: string;
}

@Injectable()
class CurrentUserPipe implements PipeTransform<unknown, ActingUser> {
  constructor(private readonly context: ContextService) {}

  transform(): ActingUser {
    const { actorUserId: id, sessionId, impersonatorUserId } = this.context.current;
    if (id === undefined) throw new NotAuthenticatedError();
    return { id, ...(sessionId !== undefined && { sessionId }), ...(impersonatorUserId !== undefined && { impersonatorUserId }) };
  }
}

@Injectable()
class CurrentTenantPipe implements PipeTransform<unknown, Promise<TenantRecord>> {
  constructor(
    private readonly context: ContextService,
    private readonly directory: TenantDirectory,
  ) {}

  async transform(): Promise<TenantRecord> {
    const { tenantId } = this.context.current;
    if (tenantId === undefined) throw new NoTenantError();
    return this.directory.getById(tenantId);
  }
}

@Injectable()
class CurrentMembershipPipe implements PipeTransform<unknown, Promise<MembershipGrant>> {
  constructor(
    private readonly context: ContextService,
    private readonly access: TenantAccess,
  ) {}

  async transform(): Promise<MembershipGrant> {
    const { tenantId } = this.context.current;
    if (tenantId === undefined) throw new NoTenantError();
    return this.access.enter(tenantId);
  }
}

// What is asked for comes from the async context, which is the same for every transport.
const fromContext = createParamDecorator(() => undefined);

/** Passes who is signed in, a {@link ActingUser}; a handler that nobody is signed in for throws a `NotAuthenticatedError`. */
export const CurrentUser = (): ParameterDecorator => fromContext(CurrentUserPipe);

/** Passes the tenant of the request, a `TenantRecord`; a handler without one throws a `NoTenantError`. */
export const CurrentTenant = (): ParameterDecorator => fromContext(CurrentTenantPipe);

/** Passes what the user is in the tenant of the request, a `MembershipGrant`; a handler without one throws a `NoTenantError`. */
export const CurrentMembership = (): ParameterDecorator => fromContext(CurrentMembershipPipe);
