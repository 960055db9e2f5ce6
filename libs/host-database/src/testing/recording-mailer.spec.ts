import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Mail } from '../users/index.js';
import { RecordingMailer } from './recording-mailer.js';

const mailTo = (to: string, token: string): Mail => ({ to, template: 'verify-email', data: { token, expiresAt: new Date(0) } });

describe(RecordingMailer.name, () => {
  let sut: RecordingMailer;

  beforeEach(() => {
    sut = new RecordingMailer();
  });

  it('keeps what is sent, and finds the newest mail to an address', async () => {
    await sut.send(mailTo('ada@example.com', 'first'), { id: '1' });
    await sut.send(mailTo('ada@example.com', 'second'), { id: '2' });
    await sut.send(mailTo('grace@example.com', 'third'), { id: '3' });

    expect(sut.lastTo('ada@example.com', 'verify-email').data.token).toBe('second');
    expect(sut.lastTo('grace@example.com')).toEqual(mailTo('grace@example.com', 'third'));
    expect(sut.mails).toHaveLength(3);
    expect(sut.mailIds).toEqual(['1', '2', '3']);
  });

  it('says what was sent instead, and no secret', async () => {
    await sut.send(mailTo('ada@example.com', 'secret'), { id: '1' });
    const missing = expect.objectContaining({
      code: 'TESTING_MAIL_NOT_RECORDED',
      message: expect.stringMatching(/reset-password .*to ada@example\.com(?!.*secret)[^]*- verify-email to ada@example\.com$/),
    });

    expect(() => sut.lastTo('ada@example.com', 'reset-password')).toThrow(missing);
  });

  it('fails as often as it was told to', async () => {
    const failure = new Error('mailbox full');
    sut.failNext();
    sut.failNext(failure);
    const send = () => sut.send(mailTo('ada@example.com', 'one'), { id: '1' });

    await expect(send()).rejects.toThrow('mail server');
    await expect(send()).rejects.toBe(failure);
    await send();
    expect(sut.mails).toHaveLength(1);
  });
});
