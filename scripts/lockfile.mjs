// Brings package-lock.json up to date with the package.json files: npm run lockfile
// Done in an empty directory: beside a node_modules npm drops the binaries of other platforms from the lockfile, without a word.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const workspace = mkdtempSync(join(tmpdir(), 'lockfile-'));
try {
  for (const file of ['package.json', 'package-lock.json', '.npmrc', ...globSync('libs/*/package.json', { cwd: root })]) {
    cpSync(join(root, file), join(workspace, file));
  }
  const { status } = spawnSync('npm', ['install', '--package-lock-only'], { cwd: workspace, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  forbidCompiling('better-sqlite3');
  copyFileSync(join(workspace, 'package-lock.json'), join(root, 'package-lock.json'));
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

/** The package says so itself and has its binaries with it; npm 10 forgets that in a lockfile, and asks for a compiler. */
function forbidCompiling(name) {
  const file = join(workspace, 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(file, 'utf8'));
  lockfile.packages[`node_modules/${name}`].gypfile = false;
  writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
}
