// A person's data are made unreadable; the rows stay as they were, and so does what proves them.
import { randomBytes } from 'node:crypto';
import {
  AuditEncryption,
  AuditErasure,
  AuditReader,
  AuditSealer,
  AuditVerifier,
  Ed25519Signer,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';

// Secrets of the deployment, 32 bytes each. The first one wraps new keys, the other one still opens what it has wrapped.
const encryption = { keyId: '2026-11', keys: { '2026-11': randomBytes(32), '2025-11': randomBytes(32) } };
const signer = new Ed25519Signer(generateSigningKey().privateKey);
const sealing = { signer, publicKeys: { [signer.keyId]: signer.publicKey } };
const host = await createTestHost({ options: { audit: { encryption, sealing } } });

const ada = await host.newUser({ email: 'ada@example.com' });
await host.get(AuditSealer).seal();

async function emailInLog(): Promise<unknown> {
  const { rows } = await host.run(() => host.get(AuditReader).find({ scope: 'host', eventType: 'users.created' }));
  return (rows[0]?.details?.['after'] as { email?: string } | undefined)?.email;
}

console.log(await emailInLog());
await host.run(() => host.get(AuditErasure).eraseSubject(ada.id, { reason: 'asked for it on 2026-11-23' }));
console.log(await emailInLog());

console.log(`verification: ${(await host.get(AuditVerifier).verify()).ok ? 'nothing found' : 'findings'}`);

// After a change of the wrapping key: then the former one may go.
console.log(`${await host.get(AuditEncryption).rewrapKeys()} keys were wrapped with a former key`);

await host.close();
