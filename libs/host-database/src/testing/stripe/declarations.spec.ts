import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const DOOR = fileURLToPath(new URL('index.ts', import.meta.url));
const LIBRARY = resolve(dirname(DOOR), '../../..');

describe('the declarations of the local Stripe', () => {
  const { declarations, errors } = emitDeclarations();

  it('name nothing that is out of reach', () => {
    expect(errors).toEqual([]);
  });

  it('do not need the SDK', () => {
    // Inside, its types are used everywhere.
    expect(importsOf(join(dirname(DOOR), 'account/objects.d.ts'))).toContain('stripe');
    expect(reachable()).toContain(join(dirname(DOOR), 'fake-stripe.d.ts'));

    expect(reachable().filter((file) => importsOf(file).includes('stripe'))).toEqual([]);
  });

  /** The declarations that somebody compiles who imports the door. */
  function reachable(): string[] {
    const found = new Set([join(dirname(DOOR), 'index.d.ts')]);
    for (const file of found) {
      for (const name of importsOf(file)) {
        if (name.startsWith('.')) found.add(join(dirname(file), name.replace(/\.js$/, '.d.ts')));
      }
    }
    return [...found];
  }

  function importsOf(file: string): string[] {
    const text = declarations.get(file);
    if (text === undefined) throw new Error(`There are no declarations in ${file}.`);
    return ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
  }
});

function emitDeclarations(): { readonly declarations: ReadonlyMap<string, string>; readonly errors: string[] } {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(LIBRARY, 'tsconfig.lib.json'),
    // Where they come from is also where they are looked for; nothing is written.
    { outDir: join(LIBRARY, 'src'), emitDeclarationOnly: true, declarationMap: false, noCheck: true },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const program = ts.createProgram([DOOR], config?.options ?? {});
  const declarations = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (file, text) => declarations.set(resolve(file), text));
  return { declarations, errors: diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')) };
}
