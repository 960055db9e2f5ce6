import type { IncomingHttpHeaders } from 'node:http';
import { isSecret } from './session-secret.js';
import type { SessionTransport } from './session.entity.js';

/** The secret of a session, as a request came with it. */
export interface SessionCredential {
  readonly secret: string;
  readonly transport: SessionTransport;
}

const BEARER_PATTERN = /^Bearer +(\S+) *$/i;

/** What an `Authorization: Bearer` header has. */
export function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return authorization === undefined ? undefined : BEARER_PATTERN.exec(authorization)?.[1];
}

/**
 * Returns the session that a request carries. A bearer has the word over a cookie, which a browser sends without having been asked;
 * one that cannot be a session's, such as a JWT, is left to others.
 */
export function sessionCredentialOf(headers: IncomingHttpHeaders, cookie: string | undefined): SessionCredential | undefined {
  const bearer = bearerOf(headers);
  const secret = bearer ?? cookie;
  if (secret === undefined || !isSecret(secret)) return undefined;
  return { secret, transport: bearer === undefined ? 'cookie' : 'bearer' };
}
