import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { IsolationRun } from './isolation-run.js';
import type { IsolationProbe, IsolationReport } from './isolation-probe.js';
import { TenantLeakError } from './isolation.errors.js';

/**
 * Looks for data of one tenant where another can see it: in an application as it runs, over HTTP, with two people of two tenants. A text
 * that is nowhere else is planted in each tenant, and then looked for
 *
 * - in the answers to both, who ask everything again and again at the same time, also while the database of one is away (`faults`);
 * - in the answers to what belongs to the other: their requests, and every `GET` route of the controllers, with the ids of the other, in
 *   paths, bodies and headers;
 * - in the answers to one who is not signed in;
 * - in the rows of the other's database, its row in the catalogue, and the host's rows of its members, domains, subscriptions and jobs, which
 *   nothing of this may have changed: a worker that runs meanwhile, and enqueues other jobs of the tenant, would be taken for it;
 * - in jobs, streams, shared stores, and answers that allow shared caches.
 *
 * It writes to both tenants and changes nothing else. An application that shows the canaries to nobody is refused, too: there the
 * probe would find nothing whatever it did.
 *
 * @throws TenantLeakError naming every leak
 * @throws VacuousProbeError when the probe has seen nothing
 *
 * @example
 * ```ts
 * await assertIsolated(host.app, {
 *   visitors: [ada, bob],
 *   plant: (visitor, canary) => post('/notes', { text: canary }, visitor.headers),
 *   requests: () => [{ path: '/notes' }],
 * });
 * ```
 */
export async function assertIsolated(app: INestApplication, probe: IsolationProbe): Promise<IsolationReport> {
  const run = await IsolationRun.begin(app, probe, () => `canary-${randomUUID()}`);
  const report = await run.look();
  if (run.leaks.length > 0) throw new TenantLeakError(run.leaks);
  run.assertSeen();
  return report;
}
