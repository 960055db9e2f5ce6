export { auditUsers } from './users.audit.js';
export { GlobalUser } from './global-user.entity.js';
export { DuplicateEmailError, DuplicateOAuthIdentityError, UserNotFoundError } from './users.errors.js';
export { UsersModule } from './users.module.js';
export { type NewUser, type OAuthIdentity, UsersService } from './users.service.js';
