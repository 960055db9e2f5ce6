import { STATUS_CODES } from 'node:http';
import { HttpException, HttpStatus } from '@nestjs/common';
import { HostDatabaseError } from 'nestjs-host-database';
import { PaymentRequiredError } from 'nestjs-host-database/billing';
import { TooManyAttemptsError } from 'nestjs-host-database/users';
import { TooManyRequestsError } from '../auth/auth.errors.js';
import { statusOf } from './error-statuses.js';
import { RequestInvalidError } from './http.errors.js';
import type { PaymentProblemDto, ProblemDto } from './problem.dto.js';

const RETRY_AFTER_SECONDS = '2';

/** Which request went wrong. */
export interface FailedRequest {
  readonly url: string;
  readonly requestId: string;
}

/** Says of an error what a client may know. */
export function problemOf(error: unknown, { url, requestId }: FailedRequest): ProblemDto {
  const status = error instanceof HostDatabaseError ? statusOf(error) : httpStatusOf(error);
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: detailOf(error, status),
    code: error instanceof HostDatabaseError ? error.code : httpCodeOf(status),
    instance: url.replace(/\?.*/, ''),
    requestId,
    ...(error instanceof RequestInvalidError && { errors: error.errors }),
    ...(error instanceof PaymentRequiredError && { payment: paymentOf(error) }),
  };
}

/** The headers of a response with this problem. */
export function problemHeaders({ status, requestId }: ProblemDto, error?: unknown): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    ...(status === HttpStatus.UNAUTHORIZED && { 'www-authenticate': 'Bearer' }),
    ...(status === HttpStatus.SERVICE_UNAVAILABLE && { 'retry-after': RETRY_AFTER_SECONDS }),
    // A tenant that has paid is let in at once.
    ...(status === HttpStatus.PAYMENT_REQUIRED && { 'cache-control': 'no-store' }),
    ...(error instanceof TooManyRequestsError && { 'retry-after': String(error.retryAfterSeconds) }),
    ...(error instanceof TooManyAttemptsError && { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }),
  };
}

function paymentOf({ requires, status, level, reason, graceUntil, portalUrl }: PaymentRequiredError): PaymentProblemDto {
  return { requires, status, level, reason, graceUntil: graceUntil?.toISOString() ?? null, portalUrl };
}

/** What the server did wrong is for its log alone. */
function detailOf(error: unknown, status: HttpStatus): string {
  if (status === HttpStatus.SERVICE_UNAVAILABLE) return 'This is not available at the moment. Try again shortly.';
  if (status >= HttpStatus.INTERNAL_SERVER_ERROR) return 'The server failed. Its log tells why, under the id of this request.';
  return error instanceof Error ? error.message : '';
}

/** Nest's own exceptions have a status, and so has what an adapter refuses before Nest sees it, such as a body that is too large. */
function httpStatusOf(error: unknown): HttpStatus {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error) {
    const { statusCode } = error;
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return statusCode;
  }
  return HttpStatus.INTERNAL_SERVER_ERROR;
}

/** `HTTP_NOT_FOUND` and the like. */
function httpCodeOf(status: HttpStatus): string {
  return status === HttpStatus.INTERNAL_SERVER_ERROR ? 'INTERNAL_ERROR' : `HTTP_${HttpStatus[status] ?? status}`;
}
