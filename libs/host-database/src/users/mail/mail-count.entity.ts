import { defineEntity, p } from '@mikro-orm/core';

const MailCountSchema = defineEntity({
  name: 'MailCount',
  tableName: 'sys_mail_counts',
  properties: {
    /** A SHA-256 of the kind of mail and of the address, whether anybody has it or not. */
    keyHash: p.string().length(64).primary(),
    /** When those of the last hour were asked for, in milliseconds since 1970. */
    askedAt: p.json().$type<readonly number[]>(),
    /** When the row says nothing any more. */
    expiresAt: p.datetime(3).index('sys_mail_counts_expires_at_index'),
  },
});

/** How many mails of one kind an address was sent in the last hour (`sys_mail_counts`). */
export class MailCount extends MailCountSchema.class {}

MailCountSchema.setClass(MailCount);
