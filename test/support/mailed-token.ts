import type { TestHost } from 'nestjs-host-database/testing';
import { until } from './until.js';

type TokenTemplate = 'verify-email' | 'reset-password' | 'invitation';

/** Waits until a worker has sent an address so many mails of a kind, and returns the token of the newest. */
export async function mailedToken({ mailer }: TestHost, to: string, template: TokenTemplate, count = 1): Promise<string> {
  await until(() => mailer.mails.filter((mail) => mail.to === to && mail.template === template).length >= count);
  return mailer.lastTo(to, template).data.token;
}

/** The same, for invitations. */
export async function mailedInvitation(host: TestHost, to: string, count = 1): Promise<string> {
  return mailedToken(host, to, 'invitation', count);
}
