export {
  type AuditOutcome,
  type AuditRecord,
  canonicalText,
  FORMAT_VERSION,
  HOST_SCOPE,
  parseRecord,
  scopeOf,
} from './audit-record.js';
export { AuditVerifier, type AuditVerification, type VerificationOptions, verifyAuditLog } from './audit-verifier.js';
export { canonicalJson } from './canonical-json.js';
export type { StoredCheckpoint } from './checkpoint-verdict.js';
export {
  type CheckpointBody,
  type CheckpointCopy,
  type CheckpointInput,
  parseCheckpointBody,
  sealCheckpoint,
  type SealedCheckpoint,
} from './checkpoint.js';
export { checkpointHash, leafHash } from './hashes.js';
export {
  buildInclusionProof,
  type InclusionFault,
  type InclusionProof,
  type InclusionVerdict,
  verifyInclusion,
} from './inclusion-proof.js';
export { InvalidAuditRecordError, InvalidCheckpointError, InvalidSigningKeyError } from './integrity.errors.js';
export { decodeManifest, encodeManifest, type ManifestLeaf } from './manifest.js';
export { inclusionPath, type LeafPath, merkleRoot, rootFromPath } from './merkle-tree.js';
export { type PublicKeyMap, type SignatureVerdict, verifySignature } from './public-keys.js';
export { type AuditSigner, Ed25519Signer, generateSigningKey, type SigningKey } from './signing.js';
export type { StoredAuditRow } from './stored-row.js';
export type { AuditFinding, AuditFindingKind, AuditReport } from './verification-report.js';
