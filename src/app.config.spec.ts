import { describe, expect, it } from '@jest/globals';
import { appConfigFrom } from './app.config.js';
import { DEFAULT_EXPORT_DIRECTORY } from './audit/export-files.js';

describe('appConfigFrom', () => {
  it('needs no environment', () => {
    expect(appConfigFrom({})).toEqual({
      port: 3000,
      httpAdapter: 'express',
      runsJobs: true,
      exportDirectory: DEFAULT_EXPORT_DIRECTORY,
    });
  });

  it('reads PORT, HTTP_ADAPTER, JOBS_WORKER and EXPORT_DIRECTORY', () => {
    const env = { PORT: '8080', HTTP_ADAPTER: 'Fastify', JOBS_WORKER: 'Off', EXPORT_DIRECTORY: '/srv/exports' };
    expect(appConfigFrom(env)).toEqual({
      port: 8080,
      httpAdapter: 'fastify',
      runsJobs: false,
      exportDirectory: '/srv/exports',
    });
  });

  it.each([
    [{ PORT: 'web' }, /PORT/],
    [{ PORT: '65536' }, /PORT/],
    [{ PORT: '-1' }, /PORT/],
    [{ HTTP_ADAPTER: 'koa' }, /HTTP_ADAPTER/],
    [{ JOBS_WORKER: 'maybe' }, /JOBS_WORKER/],
    [{ PORT: 'web', HTTP_ADAPTER: 'koa' }, /PORT.*HTTP_ADAPTER/],
  ])('refuses %j in one message', (env, message) => {
    expect(() => appConfigFrom(env)).toThrow(
      expect.objectContaining({ code: 'APP_CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
