import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const HOOKS = fileURLToPath(new URL('typescript-hooks.mjs', import.meta.url));

/** How a program of its own process has ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program in a process of its own. */
export interface Program {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<Outcome>;
  /** Everything said so far. */
  output(): string;
  /** Resolves with everything said so far, once that matches; rejects when the program ends before. */
  said(pattern: RegExp): Promise<string>;
}

/** How to start one. */
export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Of Node itself. */
  readonly flags?: readonly string[];
}

/** Starts a TypeScript program in a process of its own, on the library's sources; a name means one of test/support/programs. */
export function startProgram(program: string | URL, { env = {}, cwd, flags: more = [] }: ProgramOptions = {}): Program {
  const file = fileURLToPath(program instanceof URL ? program : new URL(`programs/${program}.ts`, import.meta.url));
  const flags = ['-C', 'dev-source', '--disable-warning=ExperimentalWarning', '--import', HOOKS, ...more];
  const child = spawn(process.execPath, [...flags, file], { env: { PATH: process.env.PATH, ...env }, cwd, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]): Outcome => ({ code, signal, ...output }));
  const said = async (pattern: RegExp) => {
    while (!pattern.test(output.stdout)) {
      const outcome = await Promise.race([ended, once(child.stdout, 'data').then(() => undefined)]);
      if (outcome && !pattern.test(output.stdout))
        throw new Error(`The program ended without saying ${pattern}: ${outcome.stderr}`);
    }
    return output.stdout;
  };
  return { child, ended, said, output: () => output.stdout };
}

/** Runs such a program to its end. */
export async function runProgram(program: string | URL, options?: ProgramOptions): Promise<Outcome> {
  return startProgram(program, options).ended;
}
