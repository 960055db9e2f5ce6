import { createHash, createPrivateKey, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Logger } from '@nestjs/common';
import { genId, type HostDatabaseOptions } from 'nestjs-host-database';
import { Ed25519Signer, FileAnchor, generateSigningKey } from 'nestjs-host-database/audit';
import { AuditKeyFileError } from './audit.errors.js';

/** Where the keys of the log come from, and where its checkpoints are kept outside of the database. */
export interface AuditSettings {
  /** Signs checkpoints: PKCS #8 in PEM. Without it a key is made and kept in the directory. */
  readonly signingKey?: string;
  /** Wraps the keys of persons: 32 bytes. Without it a key is made and kept in the directory. */
  readonly encryptionKey?: Uint8Array;
  /** Where keys that are made here are kept. */
  readonly keyDirectory: string;
  readonly anchorFile?: string;
}

/** For AES-256. */
const ENCRYPTION_KEY_BYTES = 32;

const OWNER_ONLY = { directory: 0o700, file: 0o600 } as const;
const KEY_ID_LENGTH = 16;
const SIGNING_KEY_FILE = 'signing-key.pem';
const ENCRYPTION_KEY_FILE = 'encryption-key';

/**
 * Returns how the log is sealed and its personal data encrypted. Keys that are not set are made at the first start and kept in files that
 * only their owner reads; processes that start at once end with the same ones.
 *
 * @throws AuditKeyFileError when a file holds no such key
 */
export async function auditOptionsFrom(settings: AuditSettings): Promise<NonNullable<HostDatabaseOptions['audit']>> {
  const { keyDirectory, anchorFile } = settings;
  const files = new KeyFiles(keyDirectory);
  const signer = new Ed25519Signer(
    settings.signingKey ?? (await files.get(SIGNING_KEY_FILE, () => generateSigningKey().privateKey, isSigningKey)),
  );
  const key =
    settings.encryptionKey ??
    Buffer.from(
      await files.get(ENCRYPTION_KEY_FILE, newEncryptionKey, (text) => readEncryptionKey(text) !== undefined),
      'base64',
    );
  const keyId = createHash('sha256').update(key).digest('hex').slice(0, KEY_ID_LENGTH);
  return {
    sealing: {
      signer,
      publicKeys: { [signer.keyId]: signer.publicKey },
      anchors: anchorFile === undefined ? [] : [new FileAnchor({ path: anchorFile })],
    },
    encryption: { keyId, keys: { [keyId]: key } },
  };
}

/** Whether a text is a private Ed25519 key in PEM. */
export function isSigningKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

/** Reads 32 bytes in base64; undefined where a text is anything else. */
export function readEncryptionKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64');
  return key.length === ENCRYPTION_KEY_BYTES && key.toString('base64') === text.trim() ? key : undefined;
}

function newEncryptionKey(): string {
  return randomBytes(ENCRYPTION_KEY_BYTES).toString('base64');
}

/** Keys in files of a directory. */
class KeyFiles {
  private readonly logger = new Logger('Audit');

  constructor(private readonly directory: string) {}

  /** Returns what the file holds, or what is made for it now. */
  async get(name: string, make: () => string, isRight: (text: string) => boolean): Promise<string> {
    const path = resolve(this.directory, name);
    const text = (await this.read(path)) ?? (await this.create(path, make()));
    if (!isRight(text)) throw new AuditKeyFileError(path);
    return text;
  }

  /** Another process may be first: what is in the file then counts for both. */
  private async create(path: string, text: string): Promise<string> {
    await mkdir(this.directory, { recursive: true, mode: OWNER_ONLY.directory });
    // A link appears with its content, and never replaces a file: nobody reads half a key.
    const unfinished = join(this.directory, `.${genId()}.part`);
    try {
      await writeFile(unfinished, text, { flag: 'wx', mode: OWNER_ONLY.file, flush: true });
      await link(unfinished, path);
      this.logger.log(
        `Made a key of the audit log: ${path}. Keep it, apart from the database: without it nothing can be verified or read.`,
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      await rm(unfinished, { force: true });
    }
    return readFile(path, 'utf8');
  }

  private async read(path: string): Promise<string | undefined> {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
