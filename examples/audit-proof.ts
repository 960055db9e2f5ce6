// A proof that something was recorded, for somebody who has the public keys and nothing else.
import {
  AuditProofs,
  AuditReader,
  AuditSealer,
  Ed25519Signer,
  generateSigningKey,
  type InclusionProof,
} from 'nestjs-host-database/audit';
import { verifyInclusion } from 'nestjs-host-database/audit/integrity'; // needs neither Nest nor an ORM
import { createTestHost } from 'nestjs-host-database/testing';

const signer = new Ed25519Signer(generateSigningKey().privateKey);
const publicKeys = { [signer.keyId]: signer.publicKey };
const host = await createTestHost({ options: { audit: { sealing: { signer, publicKeys } } } });
const tenant = await host.newTenant({ name: 'Acme', provisioned: false });
await host.get(AuditSealer).seal();

const { rows } = await host.run(() => host.get(AuditReader).forTenant(tenant.id).find({ eventType: 'tenants.created' }));
const proof = await host.get(AuditProofs).proveInclusion(rows[0]!.id, { scope: tenant.id });
const text = JSON.stringify(proof);
await host.close();

// Elsewhere, years later:
function judge(json: string): string {
  const verdict = verifyInclusion(JSON.parse(json) as InclusionProof, publicKeys);
  if (!verdict.valid) return `proves nothing: ${verdict.reason}`;
  const { record, checkpoint } = verdict;
  return `${record.eventType} was sealed in the checkpoint ${checkpoint.seq} of its tenant`;
}
console.log(judge(text));
console.log(judge(text.replace('Acme', 'Akme')));
