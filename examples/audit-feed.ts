// A SIEM follows the log: at least once, and never passing by a transaction that was slow.
import { AuditFeed, AuditSealer, Ed25519Signer, generateSigningKey, toCloudEvent } from 'nestjs-host-database/audit';
import { createTestHost } from 'nestjs-host-database/testing';

const signer = new Ed25519Signer(generateSigningKey().privateKey);
const sealing = { signer, publicKeys: { [signer.keyId]: signer.publicKey } };
const host = await createTestHost({ options: { audit: { sealing } } });

let cursor: string | undefined; // kept where it survives a restart
const siem = new Map<string, string>(); // by the id of the event: what comes twice is there once

async function follow(): Promise<number> {
  for (let delivered = 0; ;) {
    const page = await host.run(() => host.get(AuditFeed).read({ limit: 500, ...(cursor !== undefined && { after: cursor }) }));
    if (page.events.length === 0) return delivered; // ask again in a few seconds
    for (const entry of page.events) {
      const event = toCloudEvent(entry, { source: 'https://app.example.com/audit' });
      siem.set(event.id, JSON.stringify(event));
    }
    cursor = page.cursor; // after the events are safe, not before
    delivered += page.events.length;
  }
}

await host.newUser({ email: 'ada@example.com' });
console.log(`${await follow()} events before the log is sealed`);
await host.get(AuditSealer).seal();
console.log(`${await follow()} after it`);
console.log([...siem.values()].map((event) => (JSON.parse(event) as { type: string }).type));

await host.close();
