import type { ServerResponse } from 'node:http';

/** A reply of Fastify, of which no more is used. */
interface CookieReply {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
}

/** The response of either adapter, as a handler has it, or Node's. */
export type CookieResponse = ServerResponse | CookieReply;

/** Adds a `Set-Cookie` header to those that are there. */
export function addCookie(response: CookieResponse, cookie: string): void {
  // Fastify writes its own headers over those that the raw response has by then.
  if ('raw' in response) response.header('set-cookie', cookie);
  else response.appendHeader('set-cookie', cookie);
}

/** The method of the request that is answered, as far as it is known. */
export function methodOf(response: CookieResponse): string | undefined {
  const { method } = ('raw' in response ? response.raw : response).req;
  return method || undefined;
}
