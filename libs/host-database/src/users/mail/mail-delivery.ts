import { inspect } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { USERS_OPTIONS, type ResolvedUsersOptions } from '../users.options.js';
import { MailerMissingError, MailNotSentError } from './mail.errors.js';
import { type Mail, Mailer } from './mailer.js';

/** Hands mails to the mailer of the application. For the jobs that send them. */
@Injectable()
export class MailDelivery {
  constructor(
    private readonly modules: ModuleRef,
    @Inject(USERS_OPTIONS) private readonly options: ResolvedUsersOptions,
  ) {}

  /**
   * Call it where a mail is asked for: whoever asks is told that it can never be sent, and no job fails for that.
   *
   * @throws MailerMissingError
   */
  assertMailer(): void {
    this.mailer();
  }

  /**
   * Sends a mail. Not to be called in a transaction: what it says has to be true by then.
   *
   * @throws MailerMissingError
   * @throws MailNotSentError whose text and cause have nothing of the mail's token in them: it ends up in the row of the job
   */
  async send(mail: Mail, options: { readonly id: string }): Promise<void> {
    const mailer = this.mailer();
    try {
      await mailer.send(mail, options);
    } catch (cause) {
      throw notSent(mail, cause);
    }
  }

  private mailer(): Mailer {
    const { mailer } = this.options;
    if (mailer) return mailer;
    try {
      // Looked for when it is needed: a module of the application provides it, and is made after this one.
      return this.modules.get(Mailer, { strict: false });
    } catch (cause) {
      throw new MailerMissingError({ cause });
    }
  }
}

/** A mailer may show the whole mail in its error, and errors of jobs are stored. */
function notSent({ template, data }: Mail, cause: unknown): MailNotSentError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const isTelling = 'token' in data && (text + inspect(cause, { depth: Infinity })).includes(data.token);
  return isTelling ? new MailNotSentError(template, 'the mailer has failed') : new MailNotSentError(template, text, { cause });
}
