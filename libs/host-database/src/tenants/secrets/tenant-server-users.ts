import { Injectable } from '@nestjs/common';
import type { UserAdministration } from '../../database/index.js';

/** The users of a server, and who administers them. */
export interface ServerUsers {
  readonly users: UserAdministration;
  /** The user as which the library does so. */
  readonly administrator: string;
}

/** The users where a tenant lives on another server than the host database; undefined where that is not configured. */
type FindServerUsers = (address: string) => ServerUsers | undefined;

/** The way to the users of the other servers, which a room to the right knows. */
@Injectable()
export class TenantServerUsers {
  private find: FindServerUsers | undefined;

  use(find: FindServerUsers): void {
    this.find = find;
  }

  at(address: string): ServerUsers | undefined {
    return this.find?.(address);
  }
}
