import { type CanActivate, type CustomDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ContextService } from 'nestjs-host-database';
import { ImpersonationService } from 'nestjs-host-database/access';

const WHILE_IMPERSONATING_METADATA = 'app:while-impersonating';

/** Leaves a route open to administrators who act as somebody else, although it is not one of the workspace that they do it in. */
export function WhileImpersonating(): CustomDecorator {
  return SetMetadata(WHILE_IMPERSONATING_METADATA, true);
}

/**
 * Keeps an administrator who acts as somebody else in the workspace that the impersonation is for: what is the person's own, their
 * sessions, their password, other workspaces, is refused and recorded. Runs after the guard that says who is asking.
 */
@Injectable()
export class ImpersonationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly context: ContextService,
    private readonly impersonations: ImpersonationService,
  ) {}

  /** @throws NotWhileImpersonatingError */
  async canActivate(execution: ExecutionContext): Promise<boolean> {
    // The guard before has set it, and only where the route is one of the impersonation's workspace.
    const isInWorkspace = this.context.current.tenantId !== undefined;
    if (isInWorkspace || this.reflector.get<boolean>(WHILE_IMPERSONATING_METADATA, execution.getHandler())) return true;
    await this.impersonations.requireNoImpersonation();
    return true;
  }
}
