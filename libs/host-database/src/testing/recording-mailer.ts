import { HostDatabaseError } from '../common/index.js';
import { type Mail, Mailer, type MailTemplate } from '../users/index.js';

/** A mail of a template. */
type MailOf<T extends MailTemplate> = Extract<Mail, { readonly template: T }>;

/** Nobody was sent the mail that a test wants to read. The message lists what was sent. */
export class MailNotRecordedError extends HostDatabaseError {
  readonly code = 'TESTING_MAIL_NOT_RECORDED';

  constructor(
    readonly to: string,
    readonly template: MailTemplate | undefined,
    sent: readonly Mail[],
  ) {
    const list = sent.map((mail) => `\n- ${mail.template} to ${mail.to}`).join('') || ' nothing.';
    super(`No ${template ?? 'mail'} was sent to ${to}. Has the test run the jobs? Sent was:${list}`);
  }
}

/** Keeps mails instead of sending them. */
export class RecordingMailer extends Mailer {
  private readonly sent: Mail[] = [];
  private readonly ids: string[] = [];
  private readonly failures: unknown[] = [];

  /** What was sent, the oldest first. */
  get mails(): readonly Mail[] {
    return this.sent;
  }

  /** With which id each of {@link mails} was sent. */
  get mailIds(): readonly string[] {
    return this.ids;
  }

  /**
   * Returns the newest mail that was sent to an address, of the template where one is given.
   *
   * @throws MailNotRecordedError
   */
  lastTo<const T extends MailTemplate>(address: string, template?: T): MailOf<T> {
    const mail = this.sent.findLast((one) => one.to === address && (template === undefined || one.template === template));
    if (!mail) throw new MailNotRecordedError(address, template, this.sent);
    return mail as MailOf<T>;
  }

  /** Has the next mail fail, with this error where one is given. Called twice, the next two. */
  failNext(error: unknown = new Error('The mail server does not answer.')): void {
    this.failures.push(error);
  }

  async send(mail: Mail, { id }: { readonly id: string }): Promise<void> {
    if (this.failures.length > 0) throw this.failures.shift();
    this.sent.push(mail);
    this.ids.push(id);
  }
}
