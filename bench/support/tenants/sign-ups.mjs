import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { HostDatabase } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { WarmTenant } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { startModule } from '../sides.mjs';
import { median, percentile } from '../statistics.mjs';
import { things } from './things.entities.mjs';

const SIZES = { full: { rounds: 3, signUps: 40 }, quick: { rounds: 1, signUps: 8 } };
const ENTITIES = 30;
const CLAIM_P95_MS = 50;
const POLL_MS = 20;

/**
 * From create() to a tenant that can be entered, one after the other: without a warm pool; with one, while nothing else is under way; and with
 * one whose worker, in the same process, is making new places meanwhile.
 */
export async function signUpRows({ server, quick }) {
  const { rounds, signUps } = SIZES[quick ? 'quick' : 'full'];
  const contenders = [
    await startContender(server, { name: 'without a warm pool', places: 0 }),
    await startContender(server, { name: 'from a warm pool', places: signUps, fillsMeanwhile: false }),
    await startContender(server, { name: 'from a warm pool that is filled meanwhile', places: signUps }),
  ];
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { name, signUp, settle, medians, p95s } of contenders) {
        console.log(`sign-ups, round ${round + 1} of ${rounds}: ${name}`);
        await settle();
        const times = [];
        for (let index = 0; index < signUps; index++) times.push(await signUp());
        medians.push(median(times));
        p95s.push(percentile(times, 95));
        await settle();
      }
    }
  } finally {
    for (const { close } of contenders) await close();
  }
  const [without, ...pools] = contenders;
  return [
    rowOf(without, 'median'),
    rowOf(without, 'p95'),
    ...pools.flatMap((pool) => [rowOf(pool, 'median', without), rowOf(pool, 'p95', without)]),
  ];
}

function rowOf(contender, figure, peer) {
  const samples = samplesOf(contender, figure);
  const ratio = peer && { of: peer.name, value: median(samples) / median(samplesOf(peer, figure)) };
  const limit = figure === 'p95' && contender.hasBar && { value: median(samples), atMost: CLAIM_P95_MS };
  return { work: `create() to active ${contender.name}: ${figure}`, unit: 'ms', samples, bars: [ratio, limit].filter(Boolean) };
}

function samplesOf({ medians, p95s }, figure) {
  return figure === 'p95' ? p95s : medians;
}

async function startContender(server, { name, places, fillsMeanwhile = true }) {
  const database = await server.createDatabase();
  const tenantDatabases = { entities: things(ENTITIES), warmPool: { size: places } };
  const application = await startModule(database, tenantDatabases, { jobs: { worker: fillsMeanwhile } });
  const run = (work) => application.get(HostDatabase).run(work);
  const settle = async () => {
    if (!fillsMeanwhile) await run(() => application.get(JobsService).runPending());
    while ((await run((em) => em.count(WarmTenant, { status: 'ready' }))) < places) await delay(POLL_MS);
  };
  return {
    name,
    medians: [],
    p95s: [],
    hasBar: places > 0 && !fillsMeanwhile,
    settle,
    signUp: async () => {
      const beganAt = performance.now();
      const { id, isActive } = await run(() => application.get(TenantsService).create({ name: 'Acme' }));
      database.tenantIds.push(id);
      if (!isActive) await run(() => application.get(TenantsService).whenActive(id));
      const tookMs = performance.now() - beganAt;
      // Each had a place, or none did: else another thing was measured.
      assert.equal(isActive, places > 0);
      return tookMs;
    },
    close: async () => {
      await settle();
      const left = await run((em) => em.find(WarmTenant, {}));
      database.tenantIds.push(...left.map(({ id }) => id));
      await application.close();
      await database.drop();
    },
  };
}
