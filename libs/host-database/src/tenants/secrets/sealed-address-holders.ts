import { Injectable } from '@nestjs/common';
import type { SealedAddress, StoredAddress } from './tenant-addresses.js';

/** What keeps encrypted addresses beside the catalogue: of tenants whose places are being made, or of places without tenants yet. */
export interface SealedAddressHolder {
  /** All that are in use and not encrypted with the current key. */
  outdated(): Promise<readonly StoredAddress[]>;
  /** Puts an address in its own place, in a transaction of its own; false where somebody else has changed or taken it meanwhile. */
  replace(old: StoredAddress, sealed: SealedAddress): Promise<boolean>;
}

/** Where rooms to the right say which addresses a rotation of keys has to encrypt anew, too. */
@Injectable()
export class SealedAddressHolders {
  private readonly holders: SealedAddressHolder[] = [];

  add(holder: SealedAddressHolder): void {
    this.holders.push(holder);
  }

  get all(): readonly SealedAddressHolder[] {
    return this.holders;
  }
}
