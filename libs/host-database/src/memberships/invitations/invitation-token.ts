import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Invitation } from './invitation.entity.js';

const ID_BYTES = 16;
const SECRET_BYTES = 32;

/** Makes the token of an invitation: its id, by which it is found, and 256 random bits. In base64url, to be put into a link. */
export function makeInvitationToken(invitationId: string): string {
  return Buffer.concat([Buffer.from(invitationId, 'hex'), randomBytes(SECRET_BYTES)]).toString('base64url');
}

/** The id of the invitation that a token is of; undefined where it cannot be one. */
export function invitationIdIn(token: unknown): string | undefined {
  const bytes = typeof token === 'string' ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
  // Decoding passes over what is no base64url: each token has one form.
  if (bytes.length !== ID_BYTES + SECRET_BYTES || bytes.toString('base64url') !== token) return undefined;
  return bytes.toString('hex', 0, ID_BYTES);
}

/**
 * What is kept of a token. It covers what the token was sent for, too: whoever rewrites the row afterwards (a higher role, another
 * address, a later expiry) makes the token useless, since nobody can seal it anew without knowing it.
 */
export function sealInvitation(token: string, invitation: Invitation): string {
  const { id, tenant, email, role, customRole, invitedBy, expiresAt } = invitation;
  const facts = [token, id, tenant.id, email, role, customRole?.id ?? null, invitedBy, expiresAt.getTime()];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Whether the token is the one that was sent last, for just what the row says. */
export function opensInvitation(token: string, invitation: Invitation): boolean {
  const [kept, given] = [invitation.tokenHash, sealInvitation(token, invitation)].map((hash) => Buffer.from(hash, 'hex'));
  return kept!.length === given!.length && timingSafeEqual(kept!, given!);
}

/** Kept while there is no token yet, or not any more: no token has this hash. */
export function hashOfNoToken(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}
