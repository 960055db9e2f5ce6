import { Injectable } from '@nestjs/common';
import type { DatabaseSettings, ServerAdministration } from '../database/index.js';
import { TenantPlacementError } from './tenant-databases.errors.js';
import { TenantServers, TenantUserPolicy } from './placement/index.js';

/**
 * Makes and removes the places where the data of tenants lives: databases and schemas on every configured server, and files. It has
 * connections of its own, so that nothing of this is part of a transaction: a server cannot take it back.
 *
 * All throw TenantPlacementError when the address leads to none of the configured servers, and DatabaseUnreachableError.
 */
@Injectable()
export class TenantStorage {
  constructor(
    private readonly servers: TenantServers,
    private readonly users: TenantUserPolicy,
  ) {}

  /** Makes the place at this address, empty; does nothing where it exists. */
  async create(address: string): Promise<void> {
    const { administration, place } = this.locate(address);
    await administration.create(place, { isPrivate: this.users.areOwn });
  }

  /** Removes the place at this address with all that is in it, and cuts its connections; does nothing where there is none. */
  async drop(address: string): Promise<void> {
    const { administration, place } = this.locate(address);
    await administration.drop(place);
  }

  /** Whether there is a place at this address. */
  async exists(address: string): Promise<boolean> {
    const { administration, place } = this.locate(address);
    return administration.exists(place);
  }

  private locate(address: string): { readonly administration: ServerAdministration; readonly place: DatabaseSettings } {
    const place = this.servers.settingsOf(address);
    const server = this.servers.at(address);
    if (!server) throw new TenantPlacementError(place.name, 'not-made-here');
    return { administration: server.administration, place };
  }
}
