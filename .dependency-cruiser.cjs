const { readFileSync } = require('node:fs');

const LIB = '^libs/host-database/src';
/** The rooms of the library, from the bottom to the top. */
const ROOMS = [
  'common',
  'context',
  'database',
  'jobs',
  'audit',
  'users',
  'tenants',
  'memberships',
  'billing',
  'tenant-databases',
  'access',
  // The files in libs/host-database/src itself, which put the rooms together.
  'root',
  'testing',
];
const ROOT_FILE = `${LIB}/[^/]+$`;
const SPEC = '\\.spec\\.ts$';

const insideOf = (room) => (room === 'root' ? ROOT_FILE : `${LIB}/${room}/`);
const doorOf = (room) => (room === 'root' ? `${LIB}/index\\.ts$` : `${LIB}/${room}/index\\.ts$`);

/** A room sees itself and the doors of the rooms to its left, and nothing else of the library. */
const roomRules = ROOMS.map((room, position) => ({
  name: `room:${room}`,
  comment: `${room} may import from its own room, and from the index.ts of: ${ROOMS.slice(0, position).join(', ') || 'no other'}.`,
  severity: 'error',
  from: { path: insideOf(room), pathNot: SPEC },
  to: { path: `${LIB}/`, pathNot: [insideOf(room), ...ROOMS.slice(0, position).map(doorOf)] },
}));

/** The sources behind the public doors, as package.json names them. */
const { exports: doors } = JSON.parse(readFileSync('libs/host-database/package.json', 'utf8'));
const DOORS = Object.values(doors)
  .map((door) => door['dev-source'])
  .filter(Boolean)
  .map((file) => `^libs/host-database/${file.replace('./', '').replaceAll('.', '\\.')}$`);

const ORM = '^node_modules/(@mikro-orm/|kysely/)|^@mikro-orm/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'every-folder-is-a-room',
      comment: 'A folder of the library that ROOMS does not list has no place in the order. Add it there.',
      severity: 'error',
      from: { path: `${LIB}/[^/]+/`, pathNot: ROOMS.map(insideOf) },
      to: {},
    },
    {
      name: 'spec:own-room-and-doors',
      comment: 'A spec beside the code may reach into its own room; of every other room it sees the door.',
      severity: 'error',
      from: { path: `${LIB}/([^/]+)/.*${SPEC}` },
      to: { path: `${LIB}/`, pathNot: [`${LIB}/$1/`, ...ROOMS.map(doorOf)] },
    },
    {
      name: 'spec:nobody-imports-one',
      comment: 'What two specs share belongs into a file of its own.',
      severity: 'error',
      from: {},
      to: { path: '\\.(spec|e2e-spec|test-d)\\.ts$' },
    },
    {
      name: 'doors-only',
      comment:
        'Users of the library see what its exports name, and so do the reference app, the tests, the benchmarks and the examples.',
      severity: 'error',
      from: { pathNot: '^libs/' },
      to: { path: '^libs/', pathNot: DOORS },
    },
    {
      name: 'libs-stand-alone',
      comment: 'Nothing under libs imports anything outside of it but installed packages.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { pathNot: ['^libs/', '(^|/)node_modules/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'common-is-plain',
      comment: 'common is plain TypeScript: no Nest, no ORM, no package at all.',
      severity: 'error',
      from: { path: insideOf('common'), pathNot: SPEC },
      to: { pathNot: [insideOf('common')], dependencyTypesNot: ['core'] },
    },
    {
      name: 'context-knows-no-orm',
      comment: 'Who is asking does not depend on where it is stored.',
      severity: 'error',
      from: { path: insideOf('context') },
      to: { path: ORM },
    },
    {
      name: 'drivers-on-demand',
      comment: 'The drivers are optional: only the dialects know them, and they load them on demand.',
      severity: 'error',
      from: { path: `${LIB}/`, pathNot: [`${LIB}/database/dialects/`, SPEC] },
      to: { path: '^node_modules/@mikro-orm/(sqlite|postgresql)/' },
    },
    {
      name: 'installed-where-used',
      comment: 'The library imports what its own package.json asks for, as a dependency or a peer.',
      severity: 'error',
      from: { path: `${LIB}/`, pathNot: SPEC },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'npm-optional'] },
    },
    {
      name: 'no-test-code-in-the-app',
      comment: 'The reference app runs without the tests and their tools. It may know their types.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: {
        path: ['^(test|bench|examples)/', doorOf('testing'), '^node_modules/(@nestjs/testing|@jest|jest|supertest)/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'A package that is not installed slips past every other rule. Those of bench are installed only there.',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['(^|/)node_modules/'] },
    exclude: { path: ['^dist/', '^libs/[^/]+/dist/', '^bench/node_modules/'] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['dev-source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
