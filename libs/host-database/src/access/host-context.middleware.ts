import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type NestMiddleware } from '@nestjs/common';
import { genId } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { UnitOfWork } from '../database/index.js';

// What a client may call its request: it ends up in logs and audit rows.
const REQUEST_ID_PATTERN = /^[\w.:-]{1,128}$/;

/** An incoming request of either adapter: Express knows the client behind a trusted proxy, Fastify's raw request does not. */
interface HttpRequest extends IncomingMessage {
  readonly ip?: string;
}

/** Gives every request its context (request id, address) and its own unit of work on the host database. */
@Injectable()
export class HostContextMiddleware implements NestMiddleware<HttpRequest, ServerResponse> {
  constructor(
    private readonly context: ContextService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  use(request: HttpRequest, response: ServerResponse, next: () => void): void {
    const sent = request.headers['x-request-id'];
    const requestId = typeof sent === 'string' && REQUEST_ID_PATTERN.test(sent) ? sent : genId();
    const ipAddress = request.ip ?? request.socket.remoteAddress;
    const userAgent = request.headers['user-agent'];
    response.setHeader('x-request-id', requestId);
    const facts = { requestId, ...(ipAddress !== undefined && { ipAddress }), ...(userAgent !== undefined && { userAgent }) };
    this.context.run(facts, () => this.unitOfWork.begin(next));
  }
}
