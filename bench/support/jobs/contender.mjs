import { startProgram } from '../child-program.mjs';

const PROGRAM = new URL('contender.process.mjs', import.meta.url);

/** Starts an entrant in a process of its own, ready to enqueue. */
export async function startContender({ program, name, configuration = {} }, connection) {
  const contender = startProgram(PROGRAM, name);
  try {
    await contender.ask('open', { program, connection, configuration });
  } catch (error) {
    await contender.kill();
    throw error;
  }
  return contender;
}
