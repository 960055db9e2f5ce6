import assert from 'node:assert/strict';
import { startProgram } from '../child-program.mjs';

/**
 * Starts an entrant in a process of its own on a database, and finds out that it lets in who may and nobody else. What it has made goes with
 * the database.
 *
 * @returns {Promise<{ way: import('./serve.mjs').WayIn, kill: () => Promise<void> }>}
 */
export async function startContender({ program, name, configuration }, { database, connection }) {
  const { ask, kill } = startProgram(new URL(`../../contenders/access/${program}.mjs`, import.meta.url), name);
  try {
    const way = await ask('open', { connection, configuration });
    database.tenantIds.push(...(way.tenantIds ?? []));
    await check(name, way);
    return { way, kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

async function check(name, { port, path, headers, refused }) {
  for (const { headers: given, status } of [{ headers, status: 200 }, ...refused]) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: given });
    assert.equal(response.status, status, `${name} has answered ${response.status} where it should have ${status}.`);
    await response.arrayBuffer();
  }
}
