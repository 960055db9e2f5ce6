import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus, Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { type ContextService, genId } from 'nestjs-host-database';
import { problemHeaders, problemOf } from './problem.js';

/** Answers every error as `application/problem+json`, and logs once what is the server's own fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  constructor(
    private readonly http: AbstractHttpAdapter,
    private readonly context: ContextService,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request: unknown = host.switchToHttp().getRequest();
    const response: unknown = host.switchToHttp().getResponse();
    // Express reads the body before a request gets its id; one whose body cannot be read gets it here.
    const requestId = this.context.current.requestId ?? genId();
    const problem = problemOf(error, { requestId, url: String(this.http.getRequestUrl(request)) });
    if (problem.status >= HttpStatus.INTERNAL_SERVER_ERROR) {
      this.logger.error(`${requestId} ${problem.instance} ${problem.code}`, traceOf(error));
    }
    if (this.http.isHeadersSent(response)) {
      this.http.end(response);
      return;
    }
    for (const [name, value] of Object.entries(problemHeaders(problem, error))) this.http.setHeader(response, name, value);
    this.http.reply(response, problem, problem.status);
  }
}

/** The stack of an error, and of what caused it. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const trace = error.stack ?? String(error);
  return error.cause === undefined ? trace : `${trace}\nCaused by: ${traceOf(error.cause)}`;
}
