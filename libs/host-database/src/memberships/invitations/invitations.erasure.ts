import { Injectable, type OnModuleInit } from '@nestjs/common';
import { UnitOfWork } from '../../database/index.js';
import { UserEvents } from '../../users/index.js';
import { Invitation } from './invitation.entity.js';

/** Removes the invitations that a person has accepted, with their address, when the person is removed. */
@Injectable()
export class InvitationsErasure implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly userEvents: UserEvents,
  ) {}

  onModuleInit(): void {
    this.userEvents.onDeleting(async ({ userId }) => {
      await this.unitOfWork.em.nativeDelete(Invitation, { acceptedBy: userId });
    });
  }
}
