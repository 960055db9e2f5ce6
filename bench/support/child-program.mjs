import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a program that answers commands, in a process of its own.
 *
 * @param {URL} program which calls `answer()` of answer.mjs
 * @param {string} name what its errors are introduced with
 */
export function startProgram(program, name) {
  const child = fork(program);
  const answers = new Map();
  let asked = 0;
  child.on('message', ({ id, error, result }) => {
    const { resolve, reject } = answers.get(id);
    answers.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(`${name}: ${error}`));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of answers.values()) reject(new Error(`${name} ended with ${code ?? signal}.`));
  });
  /** Has a command carried out there, and resolves to its result. */
  const ask = (command, given = {}) =>
    new Promise((resolve, reject) => {
      answers.set(++asked, { resolve, reject });
      child.send({ id: asked, command, given });
    });
  /** Ends the process, whatever it is doing. */
  const kill = async () => {
    answers.clear();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return { ask, kill };
}
