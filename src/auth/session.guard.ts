import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ContextService } from 'nestjs-host-database';
import { NotAuthenticatedError } from 'nestjs-host-database/access';
import { UsersService } from 'nestjs-host-database/users';
import { InvalidTokenError } from './auth.errors.js';
import { PUBLIC_METADATA } from './public.decorator.js';
import { SessionsService } from './sessions.service.js';

/** Lets a request pass only with a valid session, and says who is asking. Guards every route that is not `@Public()`. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly context: ContextService,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC_METADATA, [execution.getHandler(), execution.getClass()])) return true;
    const { headers } = execution.switchToHttp().getRequest<IncomingMessage>();
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) throw new NotAuthenticatedError();
    const userId = await this.sessions.verify(token);
    if (!(await this.users.findById(userId))) throw new InvalidTokenError();
    this.context.assign({ actorUserId: userId });
    return true;
  }
}
