/** How long people stay signed in, and how a browser keeps that. */
export interface SessionsOptions {
  /** After how long without a request a session ends. @default 14 */
  readonly idleDays: number;
  /** After how long it ends in any case. @default 90 */
  readonly absoluteDays: number;
  /** The name of the cookie. @default '__Host-session', or 'session' where `secure` is false */
  readonly cookieName?: string;
  /** Whether the cookie travels over TLS alone. @default true */
  readonly secure: boolean;
}

export const defaultSessionsOptions: SessionsOptions = { idleDays: 14, absoluteDays: 90, secure: true };
