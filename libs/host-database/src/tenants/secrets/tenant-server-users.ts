import { Injectable } from '@nestjs/common';
import type { UserAdministration } from '../../database/index.js';

/** Who administers the users of a tenant that lives on another server than the host database; undefined where it is not configured. */
type FindAdministration = (address: string) => UserAdministration | undefined;

/** The way to the users of the other servers, which a room to the right knows. */
@Injectable()
export class TenantServerUsers {
  private find: FindAdministration | undefined;

  use(find: FindAdministration): void {
    this.find = find;
  }

  at(address: string): UserAdministration | undefined {
    return this.find?.(address);
  }
}
