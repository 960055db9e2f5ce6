// A log that is sealed: the key is outside of the database, and so are copies of the checkpoints.
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import {
  type AnchoredCheckpoint,
  type AuditAnchor,
  AuditAnchoringService,
  AuditSealer,
  Ed25519Signer,
  FileAnchor,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import { UsersService } from 'nestjs-host-database/users';

const bucket = new Map<string, string>(); // would be one in which nothing can be overwritten or deleted for years

/** Keeps each checkpoint in an object of its own. */
class BucketAnchor implements AuditAnchor {
  readonly name = 'bucket';

  async keep(checkpoints: readonly AnchoredCheckpoint[]): Promise<void> {
    for (const { id, scope, seq, body, signature } of checkpoints) {
      bucket.set(`${scope}/${seq}-${id}.json`, JSON.stringify({ body, signature }));
    }
  }
}

// A secret of the deployment. Made once, by generateSigningKey(), and never stored in the database.
const signer = new Ed25519Signer(process.env.AUDIT_SIGNING_KEY ?? generateSigningKey().privateKey);
const formerKeys = {}; // the public keys of those before it, by their ids: what they signed stays valid

const module = HostDatabaseModule.forRoot({
  audit: {
    sealing: {
      signer,
      publicKeys: { ...formerKeys, [signer.keyId]: signer.publicKey },
      anchors: [new FileAnchor({ path: 'audit-checkpoints.jsonl' }), new BucketAnchor()],
    },
  },
});
const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });

await app.get(HostDatabase).run(() => app.get(UsersService).create({ email: 'ada@example.com' }));

// Every process with a worker does this by itself, every few seconds.
console.log(await app.get(AuditSealer).seal());
console.log(await app.get(AuditAnchoringService).anchor());
console.log(`${bucket.size} checkpoint in the bucket`);

await app.close();
