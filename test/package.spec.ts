import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly gypfile?: boolean;
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, LockedPackage>> };

// `npm run lockfile` makes it so.
describe('the lockfile', () => {
  it('names no registry', () => {
    const addresses = Object.values(packages).flatMap(({ resolved }) => (resolved?.includes('://') ? [resolved] : []));
    expect(addresses).toEqual([]);
  });

  it('has the binaries of every platform', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('keeps npm from compiling what comes with its binaries', () => {
    expect(packages['node_modules/better-sqlite3']?.gypfile).toBe(false);
  });

  it('has one version of MikroORM, since its packages only work in the same one', () => {
    const versions = ['cli', 'core', 'migrations', 'postgresql', 'sql', 'sqlite'].map(
      (name) => packages[`node_modules/@mikro-orm/${name}`]?.version,
    );
    expect(new Set(versions).size).toBe(1);
  });
});

describe('the doors of the package', () => {
  const doors = Object.entries((read('libs/host-database/package.json') as Manifest).exports).filter(
    ([door]) => door !== './package.json',
  );

  it('are those that the documentation names', () => {
    const names = [
      'jobs',
      'audit',
      'audit/integrity',
      'users',
      'tenants',
      'memberships',
      'billing',
      'tenant-databases',
      'access',
      'testing',
    ];
    expect(doors.map(([door]) => door)).toEqual(['.', ...names.map((name) => `./${name}`)]);
  });

  it.each(doors)('%s opens the same file in the sources and in the build', (door, targets) => {
    const path = door === '.' ? '' : `${door.slice('./'.length)}/`;
    expect(targets).toEqual({
      'dev-source': `./src/${path}index.ts`,
      types: `./dist/${path}index.d.ts`,
      default: `./dist/${path}index.js`,
    });
  });
});
