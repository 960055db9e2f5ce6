import type { KeyObject } from 'node:crypto';
import { assertOneOf, assertWholeOption, InvalidOptionError, withDefaults } from '../common/index.js';
import type { AuditedEntityDefinition } from './capture/audited-entity.options.js';
import type { AuditEventDefinitions } from './catalogue/audit-event-types.js';
import type { AuditSigner } from './integrity/index.js';

/** Where checkpoints are kept outside of the database, so that nobody who rewrites it can rewrite them. */
export interface AuditAnchor {
  /** Tells anchors apart; it is kept with what they have. */
  readonly name: string;
  /** Keeps checkpoints, those of a scope in the order of their chain. May be called again with the same ones. */
  keep(checkpoints: readonly AnchoredCheckpoint[], options?: AnchorKeepOptions): Promise<void>;
  /**
   * Returns what it has kept, in any order, more than once or not. The verification compares the log with it; without it, an end that was cut
   * off and a history that was signed anew are not found.
   */
  read?(): AsyncIterable<Pick<AnchoredCheckpoint, 'body' | 'signature'>>;
}

/** How checkpoints are handed to an anchor. */
export interface AnchorKeepOptions {
  /** Aborted where the process is shut down and does not wait any longer. What was not kept is handed over again. */
  readonly signal?: AbortSignal;
}

/** A checkpoint as it leaves the database. */
export interface AnchoredCheckpoint {
  readonly id: string;
  readonly scope: string;
  readonly seq: number;
  /** The exact text that is signed. */
  readonly body: string;
  /** Ed25519, base64. */
  readonly signature: string;
}

/** How often, and how much at once, the log is sealed. */
export interface AuditSealingOptions {
  readonly signer: AuditSigner;
  /** The public keys of this and of former signers, as PEM, by their key ids. */
  readonly publicKeys: Readonly<Record<string, string>>;
  /** How long a row waits for its checkpoint, at most. @default 5000 */
  readonly everyMs?: number;
  /** How many rows one checkpoint holds, at most. @default 1000 */
  readonly rowsPerCheckpoint?: number;
  readonly anchors?: readonly AuditAnchor[];
  /** After how long a row that is not sealed is a finding. @default 60000 */
  readonly maxUnsealedMs?: number;
  /** When the whole log is verified: a cron expression, in UTC. `false` leaves it to the application. @default '0 4 * * *' */
  readonly verifyAt?: string | false;
}

/** Wraps the keys of persons with one that is outside of the database. */
export interface AuditEncryptionOptions {
  /** The id of the key that wraps new keys. */
  readonly keyId: string;
  /** 32 bytes each, by their ids: the current one and those that still unwrap older keys. */
  readonly keys: Readonly<Record<string, KeyObject | Uint8Array>>;
}

/** For how long rows are kept. */
export interface AuditRetentionOptions {
  /** Whole months that ended so many days ago are removed, if they are sealed and anchored and nobody holds them. */
  readonly days: number;
}

/** What the log records, and how it is protected. */
export class AuditOptions {
  /** The event types of the application, from `defineAuditEvents()`. */
  readonly events: readonly AuditEventDefinitions[] = [];
  /** The application's entities of the host database (`hostDatabase.entities`) whose changes are recorded, from `defineAuditedEntity()`. */
  readonly entities: readonly AuditedEntityDefinition[] = [];
  /**
   * The entities of the tenants' databases (`tenantDatabases.entities`) whose changes are recorded, from `defineAuditedEntity()`. Each
   * tenant's database then has the table `sys_audit_outbox`.
   */
  readonly tenantEntities: readonly AuditedEntityDefinition[] = [];
  /** What is kept of a client's address: all of it, its network (/24 and /48), or nothing. */
  readonly ipAddress: 'full' | 'network' | 'none' = 'full';
  /** Whether changes of audited entities are recorded by themselves, and writes past the flush refused. */
  readonly capture: boolean = true;
  /** Without it, rows have their hashes but nobody vouches for them. */
  readonly sealing?: AuditSealingOptions;
  /** Without it, personal data are stored as they are and cannot be erased. */
  readonly encryption?: AuditEncryptionOptions;
  /** Without it, rows are kept for ever. */
  readonly retention?: AuditRetentionOptions;
}

export const AUDIT_OPTIONS = Symbol('nestjs-host-database:audit-options');

const KEY_BYTES = 32;
/** What the columns of names take. */
const NAME_MAX_LENGTH = 63;

/** @throws InvalidOptionError naming the option that is wrong */
export function resolveAuditOptions(given: Partial<AuditOptions> | undefined): AuditOptions {
  const options = withDefaults(new AuditOptions(), given);
  assertOneOf(options.ipAddress, ['full', 'network', 'none'], 'audit.ipAddress');
  const { sealing, encryption, retention } = options;
  if (sealing) {
    for (const name of ['everyMs', 'rowsPerCheckpoint', 'maxUnsealedMs'] as const) {
      const value = sealing[name];
      if (value !== undefined) assertWholeOption(`audit.sealing.${name}`, value, 1);
    }
    const { keyId } = sealing.signer;
    if (!(keyId in sealing.publicKeys)) {
      throw new InvalidOptionError('audit.sealing.publicKeys', `has no '${keyId}', which is the signer's. Add its public key.`);
    }
    assertKeyId(keyId);
    assertAnchorNames(sealing.anchors ?? []);
  }
  if (encryption) {
    if (!(encryption.keyId in encryption.keys)) {
      throw new InvalidOptionError('audit.encryption.keys', `has no '${encryption.keyId}', which is to wrap new keys.`);
    }
    for (const [id, key] of Object.entries(encryption.keys)) {
      const length = key instanceof Uint8Array ? key.length : (key.symmetricKeySize ?? 0);
      if (length !== KEY_BYTES) {
        throw new InvalidOptionError('audit.encryption.keys', `has '${id}' with ${length} bytes. AES-256 needs ${KEY_BYTES}.`);
      }
    }
  }
  if (retention) assertWholeOption('audit.retention.days', retention.days, 1);
  return options;
}

function assertKeyId(keyId: string): void {
  if (keyId.length === 0 || keyId.length > NAME_MAX_LENGTH) {
    throw new InvalidOptionError(
      'audit.sealing.signer',
      `has a keyId of ${keyId.length} characters. Use 1 to ${NAME_MAX_LENGTH}.`,
    );
  }
}

function assertAnchorNames(anchors: readonly AuditAnchor[]): void {
  const names = anchors.map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (name.length === 0 || name.length > NAME_MAX_LENGTH) {
      throw new InvalidOptionError('audit.sealing.anchors', `has '${name}'. Name each with 1 to ${NAME_MAX_LENGTH} characters.`);
    }
    // What one of them has kept would count for the other.
    if (names.indexOf(name) !== index) {
      throw new InvalidOptionError('audit.sealing.anchors', `has two of the name '${name}'. Give each a name of its own.`);
    }
  }
}
