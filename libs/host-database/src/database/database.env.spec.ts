import { describe, expect, it } from '@jest/globals';
import { databaseOptionsFromEnv } from './database.env.js';
import { DatabaseConfigError } from './database.errors.js';

describe(databaseOptionsFromEnv, () => {
  it('has the documented defaults', () => {
    expect(databaseOptionsFromEnv({ DB_PASS: 'x' })).toEqual({
      type: 'postgresql',
      host: 'localhost',
      port: 5432,
      user: 'postgres',
      password: 'x',
      name: 'app_host',
    });
    expect(databaseOptionsFromEnv({ DB_TYPE: 'SQLITE' })).toEqual({ type: 'sqlite', name: 'app_host' });
  });

  it('takes what is set, and an empty variable as missing', () => {
    const env = {
      DB_TYPE: 'postgresql',
      DB_USER: 'ada',
      DB_PASS: 'p@ss w/ "special": %',
      DB_HOST: 'db',
      DB_PORT: '6000',
      DB_NAME: 'h',
    };
    expect(databaseOptionsFromEnv(env)).toEqual({
      type: 'postgresql',
      user: 'ada',
      password: 'p@ss w/ "special": %',
      host: 'db',
      port: 6000,
      name: 'h',
    });
    expect(databaseOptionsFromEnv({ DB_TYPE: '', DB_PASS: 'x', DB_PORT: '' })).toMatchObject({ type: 'postgresql', port: 5432 });
  });

  it.each([
    [{}, ['DB_PASS']],
    [{ DB_PASS: '' }, ['DB_PASS']],
    [{ DB_TYPE: 'MYSQL' }, ['DB_TYPE']],
    [{ DB_PASS: 'x', DB_PORT: 'http' }, ['DB_PORT']],
    [{ DB_PASS: 'x', DB_PORT: '0' }, ['DB_PORT']],
    [{ DB_PORT: '70000' }, ['DB_PORT', 'DB_PASS']],
  ])('names in one message what is wrong with %p', (env, variables) => {
    const error = thrownBy(() => databaseOptionsFromEnv(env));
    expect(error).toBeInstanceOf(DatabaseConfigError);
    for (const variable of variables) expect((error as Error).message).toContain(`${variable} is`);
  });
});

/** What `work` throws. */
function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
