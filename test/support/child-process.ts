import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const HOOKS = fileURLToPath(new URL('typescript-hooks.mjs', import.meta.url));

/** How a program of its own process has ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a TypeScript program of test/support/programs in a process of its own, on the library's sources. */
export function startProgram(name: string, env: Readonly<Record<string, string>>): ChildProcess {
  const program = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
  const flags = ['-C', 'dev-source', '--disable-warning=ExperimentalWarning', '--import', HOOKS];
  return spawn(process.execPath, [...flags, program], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs such a program to its end. */
export async function runProgram(name: string, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const child = startProgram(name, env);
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}
