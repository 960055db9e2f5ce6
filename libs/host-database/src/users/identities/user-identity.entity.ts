import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { GlobalUser } from '../global-user.entity.js';

/** What keeps an identity with one person. */
export const IDENTITY_UNIQUE = {
  name: 'core_user_identities_provider_subject_unique',
  table: 'core_user_identities',
  columns: ['provider', 'subject'],
} as const;

const UserIdentitySchema = defineEntity({
  name: 'UserIdentity',
  tableName: 'core_user_identities',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    user: () =>
      p.manyToOne(GlobalUser).ref().fieldName('user_id').deleteRule('cascade').index('core_user_identities_user_id_index'),
    /** Who vouches for it: the issuer's URL, as an identity token names it. */
    provider: p.string().length(255),
    /** Who the person is there. Never used again for somebody else, as an address may be. */
    subject: p.string().length(255),
    /** The address that the provider knew when the person last came by it. */
    email: p.string().length(254).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
    lastUsedAt: p.datetime(3).nullable(),
  },
  uniques: [{ name: IDENTITY_UNIQUE.name, properties: ['provider', 'subject'] }],
});

/** Somebody else's word for who a person is (`core_user_identities`). A person may have several. */
export class UserIdentity extends UserIdentitySchema.class {}

UserIdentitySchema.setClass(UserIdentity);
