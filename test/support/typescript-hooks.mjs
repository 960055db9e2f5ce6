import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

// Lets a child process run the sources, decorators and all, as the tests do: node -C dev-source --import <this file> program.ts

const require = createRequire(import.meta.url);
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/typescript-hooks/', import.meta.url));
const OPTIONS = {
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};
const COMPILER = JSON.stringify([require('@swc/core/package.json').version, OPTIONS]);

registerHooks({
  resolve(specifier, context, next) {
    // Sources name their siblings by the .js that the build makes of them.
    if (!context.parentURL?.endsWith('.ts') || !/^\.{1,2}\/.*\.js$/.test(specifier)) return next(specifier, context);
    return next(specifier.replace(/\.js$/, '.ts'), context);
  },
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
    return { format: 'module', source: compiled(fileURLToPath(url)), shortCircuit: true };
  },
});

/** What a source was compiled to before, by any process: a test starts many, and each would begin with compiling the whole library. */
function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  const key = createHash('sha256').update(`${COMPILER}\n${filename}\n${source}`).digest('hex');
  const file = `${CACHE}${key}.js`;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const { code } = require('@swc/core').transformSync(source, { ...OPTIONS, filename });
    mkdirSync(CACHE, { recursive: true });
    // Under another name first, for a process that dies in the middle.
    writeFileSync(`${file}.${process.pid}`, code);
    renameSync(`${file}.${process.pid}`, file);
    return code;
  }
}
