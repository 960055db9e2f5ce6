import type { IncomingHttpHeaders } from 'node:http';

/** What there is to tell who is asking: the same of a request, a GraphQL operation, a websocket's handshake or a message. */
export interface AuthenticationRequest {
  readonly headers: IncomingHttpHeaders;
  /** The method of an HTTP request: one that changes something needs more than a cookie. */
  readonly method?: string;
  /** Adds a `Set-Cookie` header to the response, where there is one to come: secrets in cookies are replaced now and then. */
  readonly setCookie?: (cookie: string) => void;
}

/** Who is asking, as somebody has vouched for it. */
export interface Principal {
  readonly userId: string;
  /** The library's own session, where there is one. */
  readonly sessionId?: string;
  /** The tenant that the credential itself is for. It has the last word. */
  readonly tenantId?: string;
  /** The system administrator who acts as the user. */
  readonly impersonatorUserId?: string;
  /** When the credential ends, if it does: nothing is remembered for longer. */
  readonly expiresAt?: Date;
}

/** Turns what a request carries into who is asking. The first one that knows the credential decides. */
export abstract class Authenticator {
  /**
   * Returns undefined where the request carries nothing of this kind.
   *
   * @throws NotAuthenticatedError where it carries something that is not valid, or not any more
   */
  abstract authenticate(request: AuthenticationRequest): Promise<Principal | undefined>;
}
