/** The mails that the library has sent, by what they are for, and what the text needs. */
export interface MailContents {
  /** Prove that an address is yours. */
  readonly 'verify-email': { readonly token: string; readonly expiresAt: Date };
  /** Choose a new password. */
  readonly 'reset-password': { readonly token: string; readonly expiresAt: Date };
  /** Somebody wants to sign up with an address that has an account: told to its owner alone. */
  readonly 'already-registered': { readonly triedAt: Date };
  /** You have another address from now on: told to the one that you had, whose reader may not have wanted that. */
  readonly 'email-changed': { readonly changedAt: Date };
  /** Come into a tenant. */
  readonly invitation: {
    readonly token: string;
    readonly expiresAt: Date;
    readonly tenantName: string;
    readonly inviterEmail: string | null;
    readonly role: string;
  };
}

export type MailTemplate = keyof MailContents;

/** One mail: whom it goes to, what it is for, and what its text needs. A token in it is a secret, to be put into a link. */
export type Mail = {
  readonly [T in MailTemplate]: { readonly to: string; readonly template: T; readonly data: MailContents[T] };
}[MailTemplate];

/**
 * Sends mail. Give one as `users.mailer`, or provide the class: the library has no text of its own.
 *
 * It is called by a job, after the commit of what the mail is about, and again if it throws. The id is the same where the very same mail
 * is sent again, for services that send one mail for it. A mail with a token is never quite the same: each try has a token of its own, the
 * former one is worth nothing any more, and so the id is another one as well.
 */
export abstract class Mailer {
  abstract send(mail: Mail, options: { readonly id: string }): Promise<void>;
}
