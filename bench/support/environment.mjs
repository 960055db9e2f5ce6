import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';

const require = createRequire(import.meta.url);

/** What a reader needs to know to compare these numbers with others: when, on what, with which versions. */
export function environment() {
  const versions = ['nestjs-host-database', '@nestjs/core', '@mikro-orm/core'].map((name) => `${name} ${version(name)}`);
  return [
    new Date().toISOString(),
    `node ${process.version}, ${versions.join(', ')}`,
    `beside ${peers().join(', ')}`,
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
  ].join('\n');
}

/** Those that only the benchmark installs, each at one exact version. */
function peers() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return Object.entries(dependencies).map((peer) => peer.join(' '));
}

function version(name) {
  return JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version;
}
