import { fork } from 'node:child_process';
import { once } from 'node:events';
import { hostEntities } from 'nestjs-host-database';
import { startBare, startModule } from '../support/sides.mjs';

const MIB = 2 ** 20;
const BOOTS = { full: 7, quick: 2 };

export const title = 'Memory of a Nest application context after boot and garbage collection, each boot in a process of its own';

export async function run({ server, quick }) {
  const database = await server.createDatabase();
  try {
    await (await startModule(database)).close();
    const { driver: _driver, ...bare } = database.bare();
    const told = { ...database, bare, tables: await describeTables(database) };
    const boots = { module: [], bare: [] };
    for (let boot = 0; boot < BOOTS[quick ? 'quick' : 'full']; boot++) {
      for (const side of ['bare', 'module']) boots[side].push(await memoryAfterBoot(side, told));
    }
    return ['rss', 'heapUsed'].map((figure) => ({
      work: figure,
      unit: 'MiB',
      module: boots.module.map((memory) => memory[figure] / MIB),
      bare: boots.bare.map((memory) => memory[figure] / MIB),
    }));
  } finally {
    await database.drop();
  }
}

async function memoryAfterBoot(side, database) {
  const child = fork(new URL('../support/boot.mjs', import.meta.url), { execArgv: ['--expose-gc'] });
  child.send({ side, database });
  const [[memory], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  if (code !== 0) throw new Error(`The ${side} side ended with ${code}.`);
  return memory;
}

/** The library's entities as plain data, for a process that makes the same ones without loading the library. */
async function describeTables(database) {
  const orm = await startBare(database.bare(), hostEntities);
  const tables = [...orm.getMetadata().getAll().values()].map(({ className, tableName, props }) => ({
    name: className,
    tableName,
    properties: Object.fromEntries(props.map((property) => [property.name, describeColumn(property)])),
  }));
  await orm.close();
  return tables;
}

function describeColumn({ runtimeType, columnTypes, fieldNames, primary, nullable, lazy, hidden }) {
  return { type: runtimeType, columnType: columnTypes[0], fieldName: fieldNames[0], primary, nullable, lazy, hidden };
}
