import { applyDecorators, type CanActivate, Injectable, UseGuards } from '@nestjs/common';
import { AuditService } from 'nestjs-host-database/audit';
import { UsersService } from 'nestjs-host-database/users';
import { ActorService } from './actor.service.js';
import { SystemAdminRequiredError } from './auth.errors.js';

/** Lets a request pass only from a system administrator. Refusals are recorded. */
@Injectable()
export class SystemAdminGuard implements CanActivate {
  constructor(
    private readonly actor: ActorService,
    private readonly users: UsersService,
    private readonly audit: AuditService,
  ) {}

  /** @throws NotAuthenticatedError, SystemAdminRequiredError */
  async canActivate(): Promise<boolean> {
    const user = await this.users.findById(this.actor.id);
    if (user?.isSysAdmin) return true;
    await this.audit.recordDetached({ eventType: 'auth.system-admin-refused', tenantId: null, outcome: 'denied' });
    throw new SystemAdminRequiredError();
  }
}

/** For system administrators alone. */
export function SystemAdminsOnly(): ClassDecorator & MethodDecorator {
  return applyDecorators(UseGuards(SystemAdminGuard));
}
