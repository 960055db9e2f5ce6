import type { AuditedEntities } from '../audit/index.js';
import { GlobalUser } from './global-user.entity.js';
import { UserIdentity } from './identities/user-identity.entity.js';

/** Has the changes of people recorded. */
export function auditUsers(audited: AuditedEntities): void {
  audited.register(GlobalUser, {
    name: 'users',
    secret: ['passwordHash'],
    personal: { subject: 'id', fields: ['email', 'oauthId', 'stripeCustId'] },
  });
  audited.register(UserIdentity, {
    name: 'user-identities',
    events: { created: 'users.identity-linked', updated: 'users.identity-changed', deleted: 'users.identity-unlinked' },
    targetType: 'GlobalUser',
    targetId: 'user',
    // That somebody has signed in is told by what opened for them.
    except: ['lastUsedAt'],
    personal: { subject: 'user', fields: ['subject', 'email'] },
  });
}
