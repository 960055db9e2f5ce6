import { Injectable } from '@nestjs/common';
import { ContextService } from 'nestjs-host-database';
import { NotAuthenticatedError } from 'nestjs-host-database/access';

/** The user who makes the current request. */
@Injectable()
export class ActorService {
  constructor(private readonly context: ContextService) {}

  /** @throws NotAuthenticatedError on a public route */
  get id(): string {
    const { actorUserId } = this.context.current;
    if (actorUserId === undefined) throw new NotAuthenticatedError();
    return actorUserId;
  }
}
