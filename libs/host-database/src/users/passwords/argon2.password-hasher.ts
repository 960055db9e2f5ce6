import { randomBytes } from 'node:crypto';
import type { ParsedHashOptions } from '@node-rs/argon2';
import { PasswordHasher } from './password-hasher.js';
import { PasswordPackageMissingError } from './passwords.errors.js';
import type { Argon2Options } from './passwords.options.js';

type Argon2Package = Pick<typeof import('@node-rs/argon2'), 'hash' | 'parseOptions' | 'verify'>;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** As the package numbers algorithms; its enum exists for the compiler alone. */
const ARGON2ID: ParsedHashOptions['algorithm'] = 2;

/** argon2id (RFC 9106), by the package @node-rs/argon2, which is loaded when a password is first looked at. */
export class Argon2PasswordHasher extends PasswordHasher {
  readonly decoy: string;

  /** @param load imports the package */
  constructor(
    private readonly options: Argon2Options,
    private readonly load: () => Promise<Argon2Package> = () => import('@node-rs/argon2'),
  ) {
    super();
    const { memoryKib, passes, parallelism } = options;
    // Nobody knows of what it is the hash, and to make it costs nothing.
    this.decoy = `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${random(SALT_BYTES)}$${random(HASH_BYTES)}`;
  }

  async hash(password: string): Promise<string> {
    const { memoryKib, passes, parallelism } = this.options;
    const { hash } = await this.package();
    return hash(password, { memoryCost: memoryKib, timeCost: passes, parallelism, outputLen: HASH_BYTES });
  }

  async verify(passwordHash: string, password: string): Promise<boolean> {
    const { parseOptions, verify } = await this.package();
    const isReadable = read(parseOptions, passwordHash) !== undefined;
    const isRight = await verify(isReadable ? passwordHash : this.decoy, password);
    return isReadable && isRight;
  }

  async isCurrent(passwordHash: string): Promise<boolean> {
    const { parseOptions } = await this.package();
    const made = read(parseOptions, passwordHash);
    const { memoryKib, passes, parallelism } = this.options;
    return (
      made?.algorithm === ARGON2ID &&
      made.memoryCost === memoryKib &&
      made.timeCost === passes &&
      made.parallelism === parallelism &&
      made.outputLen === HASH_BYTES
    );
  }

  private async package(): Promise<Argon2Package> {
    try {
      return await this.load();
    } catch (cause) {
      throw new PasswordPackageMissingError('@node-rs/argon2', { cause });
    }
  }
}

/** Undefined for what is no hash of argon2. */
function read(parseOptions: Argon2Package['parseOptions'], passwordHash: string): ParsedHashOptions | undefined {
  try {
    return parseOptions(passwordHash);
  } catch {
    return undefined;
  }
}

/** As such hashes have it: base64 without padding. */
function random(bytes: number): string {
  return randomBytes(bytes).toString('base64').replaceAll('=', '');
}
