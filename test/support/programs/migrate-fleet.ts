import 'reflect-metadata';
import { once } from 'node:events';
import type { DatabaseOptions } from 'nestjs-host-database';
import { M1, M2, startFleetApplication } from '../fleet.js';

// Migrates the fleet of the environment to the second migration, and says each tenant that has ended: its id, its state, its try.
const { DATABASE = '{}', DIRECTORY = '', LEASE_MS = '60000', CONCURRENCY = '4', DIES_AFTER, WAITS } = process.env;

const hear = () => once(process.stdin, 'data');
let gate: Promise<unknown> | undefined;

/** The second migration, which says that it has begun and waits for a line before it does anything. */
class Gated extends M2.class {
  override async up(): Promise<void> {
    if (!gate) {
      gate = hear();
      process.stdout.write('begun\n');
    }
    await gate;
    await super.up();
  }
}

const application = await startFleetApplication(
  { database: JSON.parse(DATABASE) as DatabaseOptions, directory: DIRECTORY },
  [M1, WAITS ? { name: M2.name, class: Gated } : M2],
  { fleet: { leaseMs: Number(LEASE_MS), retryDelayMs: 0 } },
);
if (WAITS) {
  const heard = hear();
  process.stdout.write('ready\n');
  await heard;
}
let left = Number(DIES_AFTER ?? Infinity);
const report = await application.migrations.run({
  concurrency: Number(CONCURRENCY),
  onProgress: ({ tenant }) => {
    process.stdout.write(`tenant ${tenant.tenantId} ${tenant.state} ${tenant.attempt}\n`);
    // By itself: whoever watched from outside might come too late.
    if (tenant.state !== 'pending' && --left <= 0) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(`report ${JSON.stringify({ ...report, opened: application.opened() })}\n`);
await application.close();
process.stdin.destroy();
