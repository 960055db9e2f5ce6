import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DataKeyContext, SecretsKeyProvider } from 'nestjs-host-database/tenants';

/** Wraps data keys as a KMS does: asynchronously, with keys that stay inside, and with a current one that changes. */
export class FakeKms implements SecretsKeyProvider {
  keyId = 'arn:kms/key:1';
  unwrapped = 0;
  /** Whether it wraps nothing for now. */
  isAway = false;
  private readonly keys = new Map<string, Buffer>();

  rotate(): void {
    this.keyId = `arn:kms/key:${Number(this.keyId.split(':').at(-1)) + 1}`;
  }

  async wrap(dataKey: Uint8Array, { keyId }: DataKeyContext): Promise<Uint8Array> {
    await Promise.resolve();
    if (this.isAway) throw new Error('the fake KMS is away');
    const iv = randomBytes(16);
    const cipher = createCipheriv('aes-256-cbc', this.key(keyId), iv);
    return Buffer.concat([iv, cipher.update(dataKey), cipher.final()]);
  }

  async unwrap(wrapped: Uint8Array, { keyId }: DataKeyContext): Promise<Uint8Array> {
    await Promise.resolve();
    this.unwrapped++;
    const decipher = createDecipheriv('aes-256-cbc', this.key(keyId), wrapped.subarray(0, 16));
    return Buffer.concat([decipher.update(wrapped.subarray(16)), decipher.final()]);
  }

  private key(keyId: string): Buffer {
    const key = this.keys.get(keyId) ?? randomBytes(32);
    this.keys.set(keyId, key);
    return key;
  }
}
