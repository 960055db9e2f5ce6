import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AccessAdmission } from './access-admission.js';

/**
 * Lets in who may: to HTTP routes, GraphQL operations, and messages of websockets and of other services. A route without a declaration is for
 * everybody who is signed in. Import `AccessGuardModule` to have it guard all of them; without that, it guards what one of its decorators is
 * on.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly admission: AccessAdmission) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    await this.admission.admit(execution);
    return true;
  }
}
