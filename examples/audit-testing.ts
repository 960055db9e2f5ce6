// A test of what is recorded, by whom, and of what it is sealed in.
import assert from 'node:assert/strict';
import { ContextService } from 'nestjs-host-database';
import { AuditReader, AuditSealer, AuditVerifier, Ed25519Signer, generateSigningKey } from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';
import { TenantsService } from 'nestjs-host-database/tenants';

const signer = new Ed25519Signer(generateSigningKey().privateKey);
const sealing = { signer, publicKeys: { [signer.keyId]: signer.publicKey } };
const host = await createTestHost({ options: { audit: { sealing } } });

const actorUserId = (await host.newUser()).id;
const tenant = await host
  .get(ContextService)
  .run({ actorUserId }, () => host.run(() => host.get(TenantsService).create({ name: 'Acme' })));

const { rows } = await host.run(() => host.get(AuditReader).forTenant(tenant.id).find({ eventType: 'tenants.created' }));
assert.equal(rows.length, 1);
assert.equal(rows[0]?.actorUserId, actorUserId);
assert.deepEqual(rows[0].createdAt, host.clock.now()); // by the clock of the test

// Without a worker nothing is sealed until the test says so.
const { sealed, checkpoints } = await host.get(AuditSealer).seal();
assert.deepEqual({ sealed, checkpoints }, { sealed: 2, checkpoints: 2 }); // a chain for the host and one for the tenant
assert.ok((await host.get(AuditVerifier).verify()).ok);
console.log('recorded and sealed');

await host.close();
