import type { AuditedEntities } from '../audit/index.js';
import { GlobalUser } from './global-user.entity.js';

/** Has the changes of people recorded. */
export function auditUsers(audited: AuditedEntities): void {
  audited.register(GlobalUser, {
    name: 'users',
    secret: ['passwordHash'],
    personal: { subject: 'id', fields: ['email', 'oauthId', 'stripeCustId'] },
  });
}
