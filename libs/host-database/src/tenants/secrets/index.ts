export { KeyRotation, type KeyRotationOptions, type KeyRotationProgress } from './key-rotation.js';
export { PasswordRotation } from './password-rotation.js';
export {
  KeyRotationInTransactionError,
  PasswordNotRotatableError,
  PasswordRotationInTransactionError,
  type PasswordNotRotatableReason,
  SecretKeyProviderError,
  SecretKeyUnknownError,
  SecretsNotConfiguredError,
  SecretTamperedError,
} from './secrets.errors.js';
export {
  type ExternalSecretsOptions,
  type LocalSecretsOptions,
  resolveSecretsOptions,
  SECRETS_OPTIONS,
  type SecretsOptions,
} from './secrets.options.js';
export type { DataKeyContext, SecretsKeyProvider } from './secrets-key-provider.interface.js';
export { type SealedAddressHolder, SealedAddressHolders } from './sealed-address-holders.js';
export { type SealedAddress, type StoredAddress, TenantAddresses } from './tenant-addresses.js';
export { TenantServerUsers } from './tenant-server-users.js';
export { TenantSecrets } from './tenant-secrets.service.js';
