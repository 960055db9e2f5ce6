// Installs the packed library into fresh Nest 11 and Nest 12 applications outside the repository, with one driver and nothing of
// this checkout's node_modules, compiles two examples against its declarations and runs them. Needs the npm registry.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const workspace = mkdtempSync(join(tmpdir(), 'package-install-check-'));
const EXAMPLES = ['quick-start', 'nest-module'];
const { devDependencies } = readJson(join(root, 'package.json'));
const { peerDependencies } = readJson(join(root, 'libs/host-database/package.json'));
const driver = { '@mikro-orm/sqlite': readJson(join(root, 'node_modules/@mikro-orm/sqlite/package.json')).version };

/** The applications: what is particular to each. */
const APPLICATIONS = [
  { name: 'nest-11', nest: '^11.0.5' },
  { name: 'nest-12', nest: '^12.0.0' },
];

try {
  run('npm', ['run', 'build:lib', '--silent'], root);
  const tarball = pack();
  for (const application of APPLICATIONS) check(application, tarball);
  console.log(`${APPLICATIONS.length} of ${APPLICATIONS.length} applications install, compile and run`);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

function pack() {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--silent', '--pack-destination', workspace], join(root, 'libs/host-database')),
  );
  return join(workspace, filename);
}

function check({ name, nest }, tarball) {
  const directory = join(workspace, name);
  mkdirSync(directory);
  writeJson(join(directory, 'package.json'), {
    name,
    private: true,
    type: 'module',
    dependencies: {
      ...driver,
      '@nestjs/common': nest,
      '@nestjs/core': nest,
      '@nestjs/platform-express': nest,
      'nestjs-host-database': `file:${tarball}`,
      'reflect-metadata': peerDependencies['reflect-metadata'],
      rxjs: peerDependencies.rxjs,
    },
    devDependencies: { '@types/node': devDependencies['@types/node'], typescript: devDependencies.typescript },
    // The binaries of better-sqlite3 are in its package; npm would compile them again.
    allowScripts: { 'better-sqlite3': false },
  });
  writeJson(join(directory, 'tsconfig.json'), {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2024',
      types: ['node'],
      strict: true,
      // The declarations of the package are part of what is checked.
      skipLibCheck: false,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      outDir: 'dist',
      rootDir: '.',
    },
    include: ['*.ts'],
  });
  for (const example of EXAMPLES) copyFileSync(join(root, `examples/${example}.ts`), join(directory, `${example}.ts`));

  run('npm', ['install', '--no-audit', '--no-fund'], directory);
  if (existsSync(join(directory, 'node_modules/@mikro-orm/postgresql')))
    throw new Error(`${name}: the PostgreSQL driver was installed too.`);
  report(name, `installed with ${versions(directory)}`);
  run(process.execPath, ['node_modules/typescript/bin/tsc'], directory);
  report(name, 'compiled');
  for (const example of EXAMPLES) {
    const output = run(process.execPath, [`dist/${example}.js`], directory, { DB_TYPE: 'SQLITE', DB_NAME: example });
    report(name, `${example}: ${output.trim()}`);
  }
}

function versions(directory) {
  const of = (packageName) => `${packageName} ${readJson(join(directory, 'node_modules', packageName, 'package.json')).version}`;
  return ['@nestjs/core', '@mikro-orm/core', '@mikro-orm/sql', '@mikro-orm/migrations'].map(of).join(', ');
}

function run(command, args, cwd, env = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status} in ${cwd}:\n${stdout}\n${stderr}`);
  return stdout;
}

function report(name, line) {
  console.log(`${name}: ${line}`);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function writeJson(file, content) {
  writeFileSync(file, JSON.stringify(content, null, 2));
}
