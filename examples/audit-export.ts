// Pages of the log of one tenant, and exports of it.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { AuditExporter, AuditReader } from 'nestjs-host-database/audit';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost } from 'nestjs-host-database/testing';

const host = await createTestHost();
const tenant = await host.newTenant({ provisioned: false });
for (const email of ['ada@example.com', 'bob@example.com']) {
  const { id: userId } = await host.newUser({ email });
  await host.run(() => host.get(MembershipsService).grant({ userId, tenantId: tenant.id, role: 'member' }));
}

const reader = host.get(AuditReader).forTenant(tenant.id); // cannot be made to read another's
let after: string | undefined;
do {
  const cursor = after;
  const page = await host.run(() =>
    reader.find({ eventType: ['tenants.*', 'memberships.*'], limit: 2, ...(cursor && { after: cursor }) }),
  );
  console.log(page.rows.map(({ eventType }) => eventType));
  after = page.next;
} while (after);

const exporter = host.get(AuditExporter);
const onProgress = ({ rows }: { rows: number }) => console.log(`${rows} rows so far`);
await pipeline(exporter.exportJsonl({ scope: tenant.id }, { onProgress }), createWriteStream('acme-audit.jsonl'));

for await (const line of exporter.exportCsv({ scope: tenant.id, eventType: 'audit.log-exported' })) {
  console.log(line.split(',').slice(3, 6).join(','));
}

await host.close();
