import 'reflect-metadata';
import type { DatabaseOptions } from 'nestjs-host-database';
import { M1, M2, startFleetApplication } from '../fleet.js';

// Migrates the fleet of the environment to the second migration, and says each tenant that has ended: its id, its state, its try.
const application = await startFleetApplication(
  { database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions, directory: process.env.DIRECTORY ?? '' },
  [M1, M2],
  { fleet: { leaseMs: Number(process.env.LEASE_MS ?? 1_000), retryDelayMs: 0 } },
);
process.stdout.write('ready\n');
if (process.env.WAITS) await new Promise((resolve) => process.stdin.once('data', resolve));
const report = await application.migrations.run({
  concurrency: Number(process.env.CONCURRENCY ?? 4),
  onProgress: ({ tenant }) => process.stdout.write(`tenant ${tenant.tenantId} ${tenant.state} ${tenant.attempt}\n`),
});
process.stdout.write(`report ${JSON.stringify({ ...report, opened: application.opened() })}\n`);
await application.close();
process.stdin.destroy();
