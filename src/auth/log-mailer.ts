import { Logger } from '@nestjs/common';
import { type Mail, Mailer } from 'nestjs-host-database/users';

/** Writes mails into the log, with the links that let people in: for development, where there is no mail server. */
export class LogMailer extends Mailer {
  private readonly logger = new Logger('Mail');

  /** @param publicUrl where browsers see the application */
  constructor(private readonly publicUrl: string) {
    super();
  }

  async send({ to, template, data }: Mail): Promise<void> {
    // Behind the #, which browsers send to no server and put into no log.
    const link = 'token' in data ? ` ${new URL(`/${template}#token=${data.token}`, this.publicUrl).href}` : '';
    this.logger.log(`${template} to ${to}${link}`);
  }
}
