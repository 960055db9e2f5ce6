// Runs examples/<name>.ts on the library's sources, without a build: npm run example -- quick-start
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const [name = '', ...args] = process.argv.slice(2);
const example = new URL(`examples/${name}.ts`, root);

if (!name || !existsSync(example)) {
  const names = readdirSync(new URL('examples/', root)).filter((file) => file.endsWith('.ts'));
  console.error(`Usage: npm run example -- <name>, where <name> is one of: ${names.map((file) => file.slice(0, -3)).join(', ')}`);
  process.exit(1);
}

// Node strips types by itself, but decorators need a compiler.
const hooks = new URL('test/support/typescript-hooks.mjs', root);
const flags = ['--conditions=dev-source', '--disable-warning=ExperimentalWarning', `--import=${hooks.href}`];
const child = spawn(process.execPath, [...flags, fileURLToPath(example), ...args], {
  stdio: 'inherit',
  // Unless told otherwise, a file in the working directory will do.
  env: { ...process.env, DB_TYPE: process.env.DB_TYPE || 'SQLITE' },
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal ? 1 : 0);
});
