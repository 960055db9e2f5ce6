import type { Provider } from '@nestjs/common';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import { AuditEncryption } from './audit-encryption.js';
import { AuditErasure } from './audit-erasure.js';
import { EncryptedPersonalData } from './encrypted-personal-data.js';
import { KeyWrapping } from './key-wrapping.js';
import { ClearPersonalData, PersonalData } from './personal-data.js';
import { SubjectKeyStore } from './subject-key.store.js';
import { SubjectKeys } from './subject-keys.js';

export { AuditEncryption, type RewrapOptions } from './audit-encryption.js';
export { AuditErasure } from './audit-erasure.js';
export { AuditKeyUnavailableError, ErasureNotConfiguredError } from './erasure.errors.js';
export { PersonalData } from './personal-data.js';
export { ERASED_TEXT, type PlacedText } from './sealed-text.js';

/** Personal data are encrypted where the options have a key for it. */
export const erasureProviders: Provider[] = [
  AuditEncryption,
  AuditErasure,
  KeyWrapping,
  SubjectKeys,
  SubjectKeyStore,
  {
    provide: PersonalData,
    inject: [AUDIT_OPTIONS, SubjectKeys],
    useFactory: ({ encryption }: AuditOptions, keys: SubjectKeys) =>
      encryption ? new EncryptedPersonalData(keys) : new ClearPersonalData(),
  },
];
