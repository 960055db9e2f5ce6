import { Injectable, type OnModuleInit } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser, UserEvents } from '../../users/index.js';
import { InvitationEnds } from './invitation-ends.js';

/** Removes the invitations that a person has accepted, and those to the address that they have verified, when the person is removed. */
@Injectable()
export class InvitationsErasure implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly userEvents: UserEvents,
    private readonly ends: InvitationEnds,
  ) {}

  onModuleInit(): void {
    this.userEvents.onDeleting(async ({ userId }) => {
      const user = await this.unitOfWork.em.findOne(GlobalUser, { id: userId }, { disableIdentityMap: true });
      if (user) await this.ends.remove(user);
    });
  }
}
