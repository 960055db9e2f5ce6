import type { IncomingHttpHeaders } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { AuthenticationRequest } from '../authentication/authenticator.js';
import { addCookie, type CookieResponse } from '../sessions/cookie-response.js';
import type { TenantHints } from '../resolution/tenant-names.js';

/** What is used of a request of Express, of Fastify, and of one before any adapter. */
export interface RequestLike {
  readonly headers: IncomingHttpHeaders;
  readonly method?: string;
  /** As the adapter says it, with `trust proxy` in mind. */
  readonly hostname?: string;
  readonly params?: unknown;
}

/** The request of an HTTP route or a GraphQL operation; undefined where there is none, as for a GraphQL subscription. */
export function requestOf(execution: ExecutionContext): RequestLike | undefined {
  if (execution.getType<string>() !== 'graphql') return execution.switchToHttp().getRequest<RequestLike>();
  // The third argument of every resolver is the context that the driver makes.
  const context = execution.getArgByIndex<GraphqlContext | undefined>(2);
  return context?.req ?? context?.request ?? context?.reply?.request;
}

interface GraphqlContext {
  readonly req?: RequestLike;
  readonly request?: RequestLike;
  readonly res?: CookieResponse;
  readonly reply?: CookieResponse & { readonly request?: RequestLike };
}

/** The response to an HTTP route or a GraphQL operation, as far as the driver passes it on. */
export function responseOf(execution: ExecutionContext): CookieResponse | undefined {
  if (execution.getType<string>() !== 'graphql') return execution.switchToHttp().getResponse<CookieResponse>();
  const context = execution.getArgByIndex<GraphqlContext | undefined>(2);
  return context?.res ?? context?.reply;
}

/** What tells who is asking. */
export function authenticationOf({ headers, method }: RequestLike, response?: CookieResponse): AuthenticationRequest {
  return {
    headers,
    ...(method !== undefined && { method }),
    ...(response && { setCookie: (cookie: string) => addCookie(response, cookie) }),
  };
}

/** What tells for which tenant. */
export function hintsOf({ headers, hostname, params }: RequestLike, param: string): TenantHints {
  const path = (params as Record<string, unknown> | null | undefined)?.[param];
  const header = headers['x-tenant-id'];
  return {
    host: hostname ?? headers.host,
    path: typeof path === 'string' ? path : undefined,
    // Sent twice, it is no id, and refused as one.
    header: Array.isArray(header) ? header.join(', ') : header,
  };
}
