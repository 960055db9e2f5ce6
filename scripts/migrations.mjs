// The library's migrations, for both dialects. What has changed is told from the snapshot beside them, so that no database has to run.
//   npm run migration:create -- --name=add_phone_number   writes the one that the entities ask for
//   npm run migration:check                               fails where one is missing
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const hooks = new URL('../test/support/typescript-hooks.mjs', import.meta.url);
const cli = fileURLToPath(new URL('cli.js', import.meta.resolve('@mikro-orm/cli')));
const dialects = [
  { type: 'SQLITE', folder: 'sqlite', title: 'SQLite' },
  { type: 'POSTGRESQL', folder: 'postgresql', title: 'PostgreSQL' },
];

const [command = 'check', ...args] = process.argv.slice(2);
if (command === 'create' && !args.some((arg) => /^--name=\w+$/.test(arg))) {
  console.error('Say what it does: npm run migration:create -- --name=add_phone_number');
  process.exit(1);
}

for (const dialect of dialects) {
  console.log(`${dialect.title}:`);
  mikroOrm(dialect, [`migration:${command}`, ...args]);
  if (command === 'create') writeIndex(dialect);
}
if (command === 'create') run([join(root, 'node_modules/oxfmt/bin/oxfmt'), 'libs/host-database/src/database/migrations']);

function mikroOrm({ type }, commandLine) {
  const flags = ['--conditions=dev-source', '--disable-warning=ExperimentalWarning', `--import=${hooks.href}`];
  // The address of a database that is never connected to.
  const env = { ...process.env, DB_TYPE: type, DB_NAME: ':memory:', DB_HOST: 'localhost', DB_PASS: 'unused' };
  run([...flags, cli, ...commandLine], env);
}

/** Lists the migrations of a dialect in the order of their names, which begin with the time they were made. */
function writeIndex({ folder, title }) {
  const directory = join(root, 'libs/host-database/src/database/migrations', folder);
  const names = readdirSync(directory)
    .filter((file) => /^Migration\d+.*\.ts$/.test(file))
    .map((file) => file.slice(0, -'.ts'.length))
    .toSorted();
  const imports = names.map((name) => `import { ${name} as ${aliasOf(name)} } from './${name}.js';`).join('\n');
  const list = `export const ${folder}Migrations = [${names.map(aliasOf).join(', ')}];`;
  writeFileSync(
    join(directory, 'index.ts'),
    `${imports}\n\n/** The migrations of the host's tables on ${title}, the oldest first. */\n${list}\n`,
  );
}

/** Migration20261123000000_create_host_tables -> CreateHostTables */
function aliasOf(name) {
  const words = name.replace(/^Migration\d+_?/, '').split('_');
  return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

function run(program, env = process.env) {
  const { status } = spawnSync(process.execPath, program, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
