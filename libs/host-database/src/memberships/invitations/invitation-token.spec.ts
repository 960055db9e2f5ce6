import { describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { hashOfNoToken, invitationIdIn, makeInvitationToken, opensInvitation, sealInvitation } from './invitation-token.js';
import type { Invitation } from './invitation.entity.js';

function invitationOf(token: string, id: string): Invitation {
  const facts = {
    id,
    tenant: { id: genId() },
    email: 'a@example.com',
    role: 'member',
    customRole: null,
    invitedBy: genId(),
    expiresAt: new Date(1),
  };
  const invitation = facts as unknown as Invitation;
  invitation.tokenHash = sealInvitation(token, invitation);
  return invitation;
}

describe('The token of an invitation', () => {
  it('says which invitation it is of, and is another one each time', () => {
    const id = genId();
    const tokens = Array.from({ length: 100 }, () => makeInvitationToken(id));
    expect(new Set(tokens).size).toBe(100);
    expect(tokens.map(invitationIdIn)).toEqual(tokens.map(() => id));
    for (const token of tokens) expect(token).toMatch(/^[\w-]{64}$/);
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a short one', makeInvitationToken(genId()).slice(0, -4)],
    ['a long one', `${makeInvitationToken(genId())}AAAA`],
    ['white space', ` ${makeInvitationToken(genId())}`],
    ['another alphabet', makeInvitationToken('f'.repeat(32)).replaceAll('_', '/')],
    ['an object', { toString: () => makeInvitationToken(genId()) }],
  ])('is not %s', (_, token) => {
    expect(invitationIdIn(token)).toBeUndefined();
  });

  it('opens what it was sealed for, and nothing else', () => {
    const id = genId();
    const [token, other] = [makeInvitationToken(id), makeInvitationToken(id)];
    const invitation = invitationOf(token, id);
    expect(opensInvitation(token, invitation)).toBe(true);
    expect(opensInvitation(other, invitation)).toBe(false);
    invitation.role = 'owner';
    expect(opensInvitation(token, invitation)).toBe(false);
    invitation.role = 'member';
    expect(opensInvitation(token, invitation)).toBe(true);
    invitation.tokenHash = hashOfNoToken();
    expect(opensInvitation(token, invitation)).toBe(false);
    invitation.tokenHash = '';
    expect(opensInvitation(token, invitation)).toBe(false);
  });
});
