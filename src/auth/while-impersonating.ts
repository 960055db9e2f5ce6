import { type CanActivate, type CustomDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ImpersonationService } from 'nestjs-host-database/access';

const WHILE_IMPERSONATING_METADATA = 'app:while-impersonating';

/** Leaves a controller or route open to administrators who act as somebody else. */
export function WhileImpersonating(): CustomDecorator {
  return SetMetadata(WHILE_IMPERSONATING_METADATA, true);
}

/**
 * Keeps an administrator who acts as somebody else to what is declared for it: what goes on in the workspace that the impersonation is for,
 * and the end of it. All else is the person's own, their sessions, their password, other workspaces; it is refused and recorded. Runs after
 * the guard that says who is asking.
 */
@Injectable()
export class ImpersonationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly impersonations: ImpersonationService,
  ) {}

  /** @throws NotWhileImpersonatingError */
  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const targets = [execution.getHandler(), execution.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(WHILE_IMPERSONATING_METADATA, targets)) return true;
    await this.impersonations.requireNoImpersonation();
    return true;
  }
}
