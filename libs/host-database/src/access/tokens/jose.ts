import { JoseMissingError } from './access-tokens.errors.js';

export type Jose = typeof import('jose');

/**
 * Imports jose, an optional peer, where there are issuers to check the tokens of.
 *
 * @throws JoseMissingError
 */
export async function importJose(load: () => Promise<Jose> = () => import('jose')): Promise<Jose> {
  try {
    return await load();
  } catch (cause) {
    throw new JoseMissingError({ cause });
  }
}
