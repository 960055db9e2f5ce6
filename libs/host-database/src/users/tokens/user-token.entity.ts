import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { GlobalUser } from '../global-user.entity.js';

/** What a token that was sent by mail is good for: to prove the address that a person has, to take another one, to choose a new password. */
export const USER_TOKEN_PURPOSES = ['verify-email', 'change-email', 'reset-password'] as const;

export type UserTokenPurpose = (typeof USER_TOKEN_PURPOSES)[number];

const UserTokenSchema = defineEntity({
  name: 'UserToken',
  tableName: 'core_user_tokens',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    user: () => p.manyToOne(GlobalUser).ref().fieldName('user_id').deleteRule('cascade').index('core_user_tokens_user_id_index'),
    purpose: p.enum(USER_TOKEN_PURPOSES),
    /** A SHA-256 of the token: who reads the table cannot use it. */
    tokenHash: p.string().length(64).unique('core_user_tokens_token_hash_unique').hidden(),
    /** The address that it was sent to, and that it proves. */
    email: p.string().length(254),
    expiresAt: p.datetime(3).index('core_user_tokens_expires_at_index'),
    /** When it was used, or another one took its place. */
    usedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** Something that only the owner of an address can know (`core_user_tokens`), once. */
export class UserToken extends UserTokenSchema.class {}

UserTokenSchema.setClass(UserToken);
