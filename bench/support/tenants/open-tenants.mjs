import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startModule } from '../sides.mjs';
import { provision } from './provision.mjs';
import { things } from './things.entities.mjs';

const KIB = 2 ** 10;
const SIZES = { full: { processes: 3, tenants: 100 }, quick: { processes: 1, tenants: 20 } };
const ENTITIES = 30;

/** What each tenant adds that is open beside the first: in a process of its own for each side, after garbage collection. */
export async function openTenantRows({ server, quick }) {
  const { processes, tenants: count } = SIZES[quick ? 'quick' : 'full'];
  const database = await server.createDatabase();
  try {
    const application = await startModule(database, { entities: things(ENTITIES) });
    const tenants = await provision(application, database, count + 1);
    await application.close();
    const { type, host, tenantDirectory } = database;
    const { driver: _driver, ...bare } = database.bare();
    const places = tenants.map(({ id, dbUrl }) => ({ id, address: addressOf(database.bare(dbUrl)) }));
    const samples = { module: [], bare: [] };
    for (let round = 0; round < processes; round++) {
      for (const side of ['bare', 'module']) {
        console.log(`memory of ${count} open tenants, round ${round + 1} of ${processes}: ${side}`);
        samples[side].push(await memoryOf(side, { type, host, tenantDirectory, bare, places, entities: ENTITIES }));
      }
    }
    return ['heapUsed', 'rss'].map((figure) => ({
      work: `each of ${count} open tenants, ${ENTITIES} entities: ${figure}`,
      unit: 'KiB',
      module: samples.module.map((memory) => memory[figure] / count / KIB),
      bare: samples.bare.map((memory) => memory[figure] / count / KIB),
    }));
  } finally {
    await database.drop();
  }
}

/** In what the options of one tenant differ from those of another. */
function addressOf({ clientUrl, dbName }) {
  return clientUrl === undefined ? { dbName } : { clientUrl };
}

async function memoryOf(side, given) {
  const child = fork(new URL('open-tenants.process.mjs', import.meta.url), { execArgv: ['--expose-gc'] });
  child.send({ side, ...given });
  const [[memory], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  if (code !== 0) throw new Error(`The ${side} side ended with ${code}.`);
  return memory;
}
