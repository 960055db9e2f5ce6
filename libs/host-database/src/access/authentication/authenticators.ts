import { Injectable } from '@nestjs/common';
import { CredentialsDisagreeError } from '../access.errors.js';
import type { AuthenticationRequest, Authenticator, Principal } from './authenticator.js';

/** Where the ways to tell who is asking are registered: the library's own, and yours from the constructor of a module. */
@Injectable()
export class Authenticators {
  private readonly authenticators: Authenticator[] = [];

  /** Has `authenticator` asked as well, after those that were added before. */
  add(authenticator: Authenticator): void {
    this.authenticators.push(authenticator);
  }

  /**
   * Tells who is asking; undefined where the request carries nothing that any of them knows. Where it carries two credentials, they have to
   * say the same.
   *
   * @throws NotAuthenticatedError, or another error of the authenticator, where a credential is not valid
   * @throws CredentialsDisagreeError
   */
  async authenticate(request: AuthenticationRequest): Promise<Principal | undefined> {
    let principal: Principal | undefined;
    for (const authenticator of this.authenticators) {
      const other = await authenticator.authenticate(request);
      if (!other) continue;
      if (principal && !saysTheSame(principal, other)) throw new CredentialsDisagreeError();
      principal ??= other;
    }
    return principal;
  }
}

function saysTheSame(one: Principal, other: Principal): boolean {
  return one.userId === other.userId && one.tenantId === other.tenantId && one.impersonatorUserId === other.impersonatorUserId;
}
