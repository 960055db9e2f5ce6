import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { TenantCatalog } from '../../tenants/index.js';
import { MEMBERSHIP_ROLES } from '../membership-role.js';
import { TenantRole } from '../roles/tenant-role.entity.js';

/** What keeps an address from being invited twice. */
export const OPEN_INVITATION_UNIQUE = {
  name: 'core_invitations_open_unique',
  table: 'core_invitations',
  columns: ['tenant_id', 'email'],
} as const;

const InvitationSchema = defineEntity({
  name: 'Invitation',
  tableName: 'core_invitations',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    tenant: () => p.manyToOne(TenantCatalog).ref().fieldName('tenant_id').deleteRule('cascade'),
    /** Lower case. Only who has verified this address can accept. */
    email: p.string().length(254),
    role: p.enum(MEMBERSHIP_ROLES),
    /** The tenant's own role that a `member` gets; none keeps what every member may do. */
    customRole: () => p.manyToOne(TenantRole).ref().fieldName('custom_role_id').nullable().deleteRule('no action'),
    /** A SHA-256 of the token and of what it was sent for: who reads the table cannot use it, who writes it cannot change it. */
    tokenHash: p.string().length(64).unique('core_invitations_token_hash_unique').hidden(),
    /** Whose authority it carries. No foreign key: users may go. */
    invitedBy: p.string().length(32),
    expiresAt: p.datetime(3),
    /** How often it was sent, each time with a new token. */
    sendCount: p.integer().default(1),
    /** When it was last sent. */
    sentAt: p.datetime(3),
    acceptedAt: p.datetime(3).nullable(),
    /** The user who has accepted. No foreign key: users may go. */
    acceptedBy: p.string().length(32).nullable(),
    revokedAt: p.datetime(3).nullable(),
    /** When whom it was sent to said no. */
    declinedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  uniques: [
    {
      name: OPEN_INVITATION_UNIQUE.name,
      properties: ['tenant', 'email'],
      where: 'accepted_at is null and revoked_at is null and declined_at is null',
    },
  ],
  indexes: [{ name: 'core_invitations_tenant_id_id_index', properties: ['tenant', 'id'] }],
});

/** That a tenant wants somebody as a member (`core_invitations`). */
export class Invitation extends InvitationSchema.class {}

InvitationSchema.setClass(Invitation);
