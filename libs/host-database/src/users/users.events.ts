import { Injectable } from '@nestjs/common';
import type { GlobalUser } from './global-user.entity.js';

/** A person was registered, by whichever way. */
export class UserRegistered {
  constructor(readonly user: GlobalUser) {}
}

/** A person has another password, whichever way they got it: who knew the old one has to sign in again. */
export class UserPasswordChanged {
  constructor(readonly userId: string) {}
}

/** A person may not sign in any more. */
export class UserDeactivated {
  constructor(readonly userId: string) {}
}

/** A person is about to be removed. */
export class UserDeleting {
  constructor(readonly userId: string) {}
}

type Listener<E> = (event: E) => Promise<void>;

/** Where rooms to the right take part in what happens to a person: in its transaction, and their failure is its failure. */
@Injectable()
export class UserEvents {
  private readonly registered: Listener<UserRegistered>[] = [];
  private readonly passwordChanged: Listener<UserPasswordChanged>[] = [];
  private readonly deactivated: Listener<UserDeactivated>[] = [];
  private readonly deleting: Listener<UserDeleting>[] = [];

  onRegistered(listener: Listener<UserRegistered>): void {
    this.registered.push(listener);
  }

  onPasswordChanged(listener: Listener<UserPasswordChanged>): void {
    this.passwordChanged.push(listener);
  }

  onDeactivated(listener: Listener<UserDeactivated>): void {
    this.deactivated.push(listener);
  }

  onDeleting(listener: Listener<UserDeleting>): void {
    this.deleting.push(listener);
  }

  async emitRegistered(event: UserRegistered): Promise<void> {
    for (const listener of this.registered) await listener(event);
  }

  async emitPasswordChanged(event: UserPasswordChanged): Promise<void> {
    for (const listener of this.passwordChanged) await listener(event);
  }

  async emitDeactivated(event: UserDeactivated): Promise<void> {
    for (const listener of this.deactivated) await listener(event);
  }

  async emitDeleting(event: UserDeleting): Promise<void> {
    for (const listener of this.deleting) await listener(event);
  }
}
