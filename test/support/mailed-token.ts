import type { TestHost } from 'nestjs-host-database/testing';
import { until } from './until.js';

/** Waits until a worker has sent an address so many invitations, and returns the token of the newest. */
export async function mailedInvitation({ mailer }: TestHost, to: string, count = 1): Promise<string> {
  const sent = () => mailer.mails.filter((mail) => mail.to === to && mail.template === 'invitation');
  await until(() => sent().length >= count);
  return mailer.lastTo(to, 'invitation').data.token;
}
