import { defineEntity, p } from '@mikro-orm/core';

const PasswordBackoffSchema = defineEntity({
  name: 'PasswordBackoff',
  tableName: 'sys_password_backoffs',
  properties: {
    /** A SHA-256 of the address that was tried, whether anybody has it or not. */
    emailHash: p.string().length(64).primary(),
    /** In a row. */
    failures: p.integer(),
    /** Until when no password is looked at. */
    blockedUntil: p.datetime(3),
    /** When the row says nothing any more. */
    expiresAt: p.datetime(3).index('sys_password_backoffs_expires_at_index'),
  },
});

/** How often in a row a wrong password came for an address (`sys_password_backoffs`). */
export class PasswordBackoff extends PasswordBackoffSchema.class {}

PasswordBackoffSchema.setClass(PasswordBackoff);
