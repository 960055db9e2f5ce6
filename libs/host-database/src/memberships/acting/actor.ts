import { type Authority, covers } from '../roles/authority.js';
import type { Membership } from '../membership.entity.js';
import { InsufficientAuthorityError } from '../memberships.errors.js';

/** The member who acts, with what they may do now. */
export class Actor {
  constructor(
    readonly membership: Membership,
    readonly authority: Authority,
    private readonly action: string,
  ) {}

  get userId(): string {
    return this.membership.user.id;
  }

  /** Nobody gives, changes or takes away what is above themselves. @throws InsufficientAuthorityError */
  assertCovers(authority: Authority): void {
    if (covers(this.authority, authority)) return;
    throw new InsufficientAuthorityError(this.membership.tenant.id, this.action, 'above-own-authority');
  }
}
