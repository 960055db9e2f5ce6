import { Injectable } from '@nestjs/common';
import { assertId, Clock } from '../common/index.js';
import { UnitOfWork } from '../database/index.js';
import { GlobalUser } from './global-user.entity.js';
import { lockUser } from './locked-user.js';
import { UserDeactivated, UserDeleting, UserEvents } from './users.events.js';
import { UserNotFoundError } from './users.errors.js';

/** How people go, and come back. */
@Injectable()
export class UserLifecycle {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    private readonly events: UserEvents,
  ) {}

  async deactivate(userId: string): Promise<GlobalUser> {
    return this.unitOfWork.transactional(async (em) => {
      const user = await this.lock(userId);
      if (user.deactivatedAt != null) return user;
      user.deactivatedAt = this.clock.now();
      await em.flush();
      await this.events.emitDeactivated(new UserDeactivated(user.id));
      return user;
    });
  }

  async reactivate(userId: string): Promise<GlobalUser> {
    return this.unitOfWork.transactional(async (em) => {
      const user = await this.lock(userId);
      user.deactivatedAt = null;
      await em.flush();
      return user;
    });
  }

  async delete(userId: string): Promise<void> {
    await this.unitOfWork.transactional(async (em) => {
      const user = await this.lock(userId);
      await this.events.emitDeleting(new UserDeleting(user.id));
      await em.remove(user).flush();
    });
  }

  /** Whoever makes them an owner waits: rooms that hear of it see all that they own. */
  private async lock(userId: string): Promise<GlobalUser> {
    const user = await lockUser(this.unitOfWork.em, { id: assertId(userId, 'user') });
    if (!user) throw new UserNotFoundError(userId);
    return user;
  }
}
