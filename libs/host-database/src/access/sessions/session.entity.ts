import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';
import { GlobalUser } from '../../users/index.js';
import { Impersonation } from '../impersonation/impersonation.entity.js';

/** How a session's secret travels: in a cookie that scripts cannot read, or in a header. */
export const SESSION_TRANSPORTS = ['cookie', 'bearer'] as const;

export type SessionTransport = (typeof SESSION_TRANSPORTS)[number];

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sys_sessions',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    user: () => p.manyToOne(GlobalUser).ref().fieldName('user_id').deleteRule('cascade').index('sys_sessions_user_id_index'),
    transport: p.enum(SESSION_TRANSPORTS),
    /** A SHA-256 of the secret: who reads the table cannot use it. */
    tokenHash: p.string().length(64).unique('sys_sessions_token_hash_unique').hidden(),
    /** The secret before the last rotation, which requests that were under way may still carry. */
    previousTokenHash: p.string().length(64).nullable().unique('sys_sessions_previous_token_hash_unique').hidden(),
    rotatedAt: p.datetime(3),
    /** To the minute or so: not each request writes. */
    lastSeenAt: p.datetime(3),
    /** When it ends unless it is used. */
    idleExpiresAt: p.datetime(3),
    /** When it ends in any case. */
    expiresAt: p.datetime(3).index('sys_sessions_expires_at_index'),
    revokedAt: p.datetime(3).nullable(),
    /** Set where a system administrator acts as the user. */
    impersonation: () => p.manyToOne(Impersonation).ref().fieldName('impersonation_id').nullable().deleteRule('cascade'),
    ipAddress: p.string().length(45).nullable(),
    userAgent: p.string().length(512).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
});

/** That a person is signed in, on one device (`sys_sessions`). */
export class Session extends SessionSchema.class {}

SessionSchema.setClass(Session);
