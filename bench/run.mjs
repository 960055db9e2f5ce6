import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { environment } from './support/environment.mjs';
import { dialects } from './support/databases.mjs';
import { barsLine, table } from './support/report.mjs';

const SUFFIX = '.bench.mjs';
const available = globSync(`scenarios/*${SUFFIX}`, { cwd: import.meta.dirname }).map((file) => basename(file, SUFFIX));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    dialect: { type: 'string', multiple: true, default: Object.keys(dialects) },
  },
});
const unknown = [
  ...positionals
    .filter((name) => !available.includes(name))
    .map((name) => `scenario ${name} (there are: ${available.join(', ')})`),
  ...values.dialect
    .filter((name) => !(name in dialects))
    .map((name) => `dialect ${name} (there are: ${Object.keys(dialects).join(', ')})`),
];
if (unknown.length > 0) {
  console.error(`Unknown ${unknown.join('; ')}.`);
  process.exit(2);
}

// An interrupted run removes its databases and stops its server too.
const interrupted = new Promise((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error(`Interrupted by ${signal}.`)));
});

const scenarios = await Promise.all(
  (positionals.length > 0 ? positionals : available.toSorted()).map((name) => import(`./scenarios/${name}${SUFFIX}`)),
);
console.log(environment());

const rows = [];
for (const name of values.dialect) {
  const server = await dialects[name].start();
  try {
    console.log(`\n${'='.repeat(4)} ${server.title} ${'='.repeat(4)}`);
    for (const { title, run, only = name } of scenarios) {
      if (only !== name) continue;
      const measured = await Promise.race([run({ server, dialect: name, quick: values.quick }), interrupted]);
      console.log(`\n${title}\n${table(measured)}`);
      rows.push(...measured);
    }
  } catch (error) {
    console.error(error);
    await server.stop();
    process.exit(1);
  }
  await server.stop();
}

const { line, allHeld } = barsLine(rows);
console.log(`\n${line}`);
process.exitCode = allHeld ? 0 : 1;
