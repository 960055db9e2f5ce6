import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';
import { emailVerifiedAtOf, type ProvenEmail } from './email-proof.js';
import { EmailType } from './email.type.js';

/** What keeps an address with one person. */
export const EMAIL_UNIQUE = { name: 'core_users_email_unique', table: 'core_users', columns: ['email'] } as const;

const GlobalUserSchema = defineEntity({
  name: 'GlobalUser',
  tableName: 'core_users',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    email: p.type(EmailType).$type<string>().length(254).unique(EMAIL_UNIQUE.name),
    /** `<provider>:<subject>` of the identity that signs in. */
    oauthId: p.string().nullable().unique('core_users_oauth_id_unique'),
    passwordHash: p.string().nullable().hidden().lazy(),
    stripeCustId: p.string().nullable().unique('core_users_stripe_cust_id_unique'),
    isSysAdmin: p.boolean().default(false),
    /** Since when the address is known to be theirs: they have shown it, or an identity provider vouches for it. */
    emailVerifiedAt: p
      .datetime(3)
      .nullable()
      // The type of a property that may be null has no null here.
      .onUpdate((user: ProvenEmail) => emailVerifiedAtOf(user) as Date),
    /** Since when they may not sign in any more; what they have stays. */
    deactivatedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    lastLogin: p.datetime(3).nullable(),
  },
  checks: [{ name: 'core_users_email_lower_check', expression: 'email = lower(email)' }],
});

/** A person, once for the whole host, whichever tenants they belong to (`core_users`). */
export class GlobalUser extends GlobalUserSchema.class {}

GlobalUserSchema.setClass(GlobalUser);
