/**
 * The base of every error that the library throws on purpose.
 *
 * `code` is stable and unique (`ROOM_PROBLEM`): match on it, never on the message. The message says what happened, to which
 * thing, and what to do next; it never holds a secret. Facts are typed fields of the subclass; the underlying error is `cause`.
 */
export abstract class HostDatabaseError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
