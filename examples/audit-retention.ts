// What is old enough is removed by whole months, if it is sealed and anchored and nobody holds it.
import {
  AuditAnchoringService,
  AuditLegalHolds,
  AuditRetention,
  AuditSealer,
  AuditVerifier,
  Ed25519Signer,
  FileAnchor,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';

const signer = new Ed25519Signer(generateSigningKey().privateKey);
const anchors = [new FileAnchor({ path: 'retained-checkpoints.jsonl' })];
const sealing = { signer, publicKeys: { [signer.keyId]: signer.publicKey }, anchors };
const host = await createTestHost({ options: { audit: { sealing, retention: { days: 365 } } } });

async function seal(): Promise<void> {
  await host.get(AuditSealer).seal();
  await host.get(AuditAnchoringService).anchor();
}

const { id: tenantId } = await host.newTenant({ provisioned: false });
const holds = host.get(AuditLegalHolds);
const hold = await host.run(() => holds.place({ tenantId, reason: 'a lawsuit' }));
await seal();
host.clock.advance(400 * 86_400_000); // a year and a month later

const retention = host.get(AuditRetention); // at work every night, by itself
console.log((await retention.purge()).kept.map(({ kind }) => kind));

await host.run(() => holds.release(hold.id));
await seal();
console.log(`${(await retention.purge({ dryRun: true })).rows} rows would be removed`);
console.log(`${(await retention.purge()).rows} rows were removed`);

const { ok, reports } = await host.get(AuditVerifier).verify();
console.log(`${ok ? 'nothing found' : 'findings'}, ${reports.reduce((sum, { purgedRows }) => sum + purgedRows, 0)} rows purged`);

await host.close();
