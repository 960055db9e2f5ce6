import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AuditSettings, isSigningKey, readEncryptionKey } from './audit-keys.js';

const PEM = '-----BEGIN';

/**
 * Reads `AUDIT_SIGNING_KEY` (an Ed25519 key, PKCS #8 in PEM, or the path of a file with it), `AUDIT_ENCRYPTION_KEY` (32 bytes in base64),
 * `AUDIT_KEY_DIRECTORY` (`audit-keys` beside the SQLite database, or in the working directory: where keys that are not set are made and
 * kept) and `AUDIT_ANCHOR_FILE`. In production the keys or the directory have to be set: a process that made keys of its own would seal
 * with others than its siblings. What is wrong is added to `problems`.
 */
export function auditSettingsFrom(env: NodeJS.ProcessEnv, problems: string[]): AuditSettings {
  const signingKey = signingKeyFrom(env, problems);
  const encryptionKey = env.AUDIT_ENCRYPTION_KEY ? readEncryptionKey(env.AUDIT_ENCRYPTION_KEY) : undefined;
  if (env.AUDIT_ENCRYPTION_KEY && !encryptionKey) {
    problems.push('AUDIT_ENCRYPTION_KEY is not 32 bytes in base64. Set it to the output of: openssl rand -base64 32');
  }
  if (env.NODE_ENV === 'production' && !env.AUDIT_KEY_DIRECTORY) {
    for (const name of ['AUDIT_SIGNING_KEY', 'AUDIT_ENCRYPTION_KEY']) {
      if (!env[name])
        problems.push(`${name} is missing. Set it, or AUDIT_KEY_DIRECTORY, where a key is made that all processes share.`);
    }
  }
  return {
    keyDirectory: env.AUDIT_KEY_DIRECTORY || join(databaseDirectory(env), 'audit-keys'),
    ...(signingKey !== undefined && { signingKey }),
    ...(encryptionKey && { encryptionKey }),
    ...(env.AUDIT_ANCHOR_FILE && { anchorFile: env.AUDIT_ANCHOR_FILE }),
  };
}

function signingKeyFrom({ AUDIT_SIGNING_KEY: given }: NodeJS.ProcessEnv, problems: string[]): string | undefined {
  if (!given) return undefined;
  // Never the value itself, which may be a key: what is wrong with it is said without it.
  const pem = given.trimStart().startsWith(PEM) ? given.replaceAll(String.raw`\n`, '\n') : readIfThere(given);
  if (pem !== undefined && isSigningKey(pem)) return pem;
  const problem = pem === undefined ? 'is neither PEM nor a file that can be read.' : 'holds no private Ed25519 key in PKCS #8.';
  problems.push(`AUDIT_SIGNING_KEY ${problem} Set it to the output of: openssl genpkey -algorithm ed25519`);
  return undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Where the file of a SQLite database is; the working directory for any other. */
function databaseDirectory({ DB_TYPE: type, DB_NAME: name }: NodeJS.ProcessEnv): string {
  return (type || 'SQLITE').toUpperCase() === 'SQLITE' && name && name !== ':memory:' ? dirname(resolve(name)) : resolve('.');
}
