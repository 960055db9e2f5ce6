import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { resolveUsersOptions, USERS_OPTIONS } from '../users.options.js';
import { MailDelivery } from './mail-delivery.js';
import { type Mail, Mailer } from './mailer.js';

const TOKEN = 'the-token-of-this-mail';
const MAIL: Mail = {
  to: 'ada@example.com',
  template: 'verify-email',
  data: { token: TOKEN, expiresAt: new Date('2030-01-01T00:00:00Z') },
};

class FakeMailer extends Mailer {
  readonly sent: unknown[] = [];
  failure: unknown;

  async send(mail: Mail, options: { readonly id: string }): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.sent.push([mail, options]);
  }
}

describe(MailDelivery.name, () => {
  let mailer: FakeMailer;

  beforeEach(() => {
    mailer = new FakeMailer();
  });

  async function delivery({ option, provided }: { option?: Mailer; provided?: Mailer }): Promise<MailDelivery> {
    @Module({ providers: provided ? [{ provide: Mailer, useValue: provided }] : [] })
    class ApplicationModule {}
    const module = await Test.createTestingModule({
      imports: [ApplicationModule],
      providers: [MailDelivery, { provide: USERS_OPTIONS, useValue: resolveUsersOptions(option ? { mailer: option } : {}) }],
    }).compile();
    return module.get(MailDelivery);
  }

  it.each(['option', 'provided'])('sends with the mailer that is there as %s', async (as) => {
    const sut = await delivery({ [as]: mailer });
    sut.assertMailer();
    await sut.send(MAIL, { id: 'one' });

    expect(mailer.sent).toEqual([[MAIL, { id: 'one' }]]);
  });

  it('says so where there is none', async () => {
    const sut = await delivery({});

    expect(() => sut.assertMailer()).toThrow(expect.objectContaining({ code: 'USERS_MAILER_MISSING' }));
    await expect(sut.send(MAIL, { id: 'one' })).rejects.toMatchObject({ code: 'USERS_MAILER_MISSING' });
  });

  it('tells why a mail was not sent', async () => {
    mailer.failure = new Error('450 mailbox busy');
    const sut = await delivery({ option: mailer });

    await expect(sut.send(MAIL, { id: 'one' })).rejects.toMatchObject({
      code: 'USERS_MAIL_NOT_SENT',
      template: 'verify-email',
      message: expect.stringContaining('450 mailbox busy'),
      cause: mailer.failure,
    });
  });

  it.each([
    ['its message', new Error(`refused: ${TOKEN}`)],
    ['a field', Object.assign(new Error('refused'), { request: { body: { link: `https://example.com/?t=${TOKEN}` } } })],
    ['its cause', new Error('refused', { cause: new Error(TOKEN) })],
    ['what is no error', `refused: ${TOKEN}`],
  ])('keeps the token out of its error where the mailer shows it in %s', async (_where, failure) => {
    mailer.failure = failure;
    const sut = await delivery({ option: mailer });
    const error: unknown = await sut.send(MAIL, { id: 'one' }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'USERS_MAIL_NOT_SENT' });
    expect(inspect(error, { depth: Infinity })).not.toContain(TOKEN);
  });
});
