import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { generateSigningKey } from 'nestjs-host-database/audit';
import { appConfigFrom, workerConfigFrom } from './app.config.js';
import { DEFAULT_EXPORT_DIRECTORY } from './audit/export-files.js';

describe('appConfigFrom', () => {
  it('needs no environment', () => {
    expect(appConfigFrom({})).toEqual({
      port: 3000,
      httpAdapter: 'express',
      trustedProxies: [],
      runsJobs: true,
      exportDirectory: DEFAULT_EXPORT_DIRECTORY,
      audit: { keyDirectory: resolve('audit-keys') },
      auth: {
        publicUrl: 'http://localhost:3000',
        secureCookies: false,
        logsMail: true,
        providers: {},
        tokens: [],
        personalWorkspaces: false,
      },
    });
  });

  it('reads PORT, HTTP_ADAPTER, TRUSTED_PROXIES, JOBS_WORKER and EXPORT_DIRECTORY', () => {
    const env = {
      PORT: '8080',
      HTTP_ADAPTER: 'Fastify',
      TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,::1',
      JOBS_WORKER: 'Off',
      EXPORT_DIRECTORY: '/srv/exports',
    };
    expect(appConfigFrom(env)).toEqual({
      port: 8080,
      httpAdapter: 'fastify',
      trustedProxies: ['loopback', '10.0.0.0/8', '::1'],
      runsJobs: false,
      exportDirectory: '/srv/exports',
      audit: { keyDirectory: resolve('audit-keys') },
      auth: {
        publicUrl: 'http://localhost:8080',
        secureCookies: false,
        logsMail: true,
        providers: {},
        tokens: [],
        personalWorkspaces: false,
      },
    });
  });

  it.each([
    [{ PORT: 'web' }, /PORT/],
    [{ PORT: '65536' }, /PORT/],
    [{ PORT: '-1' }, /PORT/],
    [{ HTTP_ADAPTER: 'koa' }, /HTTP_ADAPTER/],
    [{ JOBS_WORKER: 'maybe' }, /JOBS_WORKER/],
    [{ TRUSTED_PROXIES: 'all' }, /TRUSTED_PROXIES/],
    [{ TRUSTED_PROXIES: '2' }, /TRUSTED_PROXIES/],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, /TRUSTED_PROXIES/],
    [{ AUDIT_SIGNING_KEY: '/there/is/no/such.pem' }, /AUDIT_SIGNING_KEY is neither/],
    [{ AUDIT_SIGNING_KEY: '-----BEGIN nonsense' }, /AUDIT_SIGNING_KEY holds no/],
    [{ AUDIT_ENCRYPTION_KEY: Buffer.alloc(16).toString('base64') }, /AUDIT_ENCRYPTION_KEY/],
    [{ AUDIT_ENCRYPTION_KEY: 'not base64' }, /AUDIT_ENCRYPTION_KEY/],
    [{ NODE_ENV: 'production' }, /AUDIT_SIGNING_KEY.*AUDIT_ENCRYPTION_KEY/],
    [{ PORT: 'web', HTTP_ADAPTER: 'koa' }, /PORT.*HTTP_ADAPTER/],
  ])('refuses %j in one message', (env, message) => {
    expect(() => appConfigFrom(env)).toThrow(
      expect.objectContaining({ code: 'APP_CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });

  describe('of the audit log', () => {
    const { privateKey } = generateSigningKey();
    const encryptionKey = Buffer.alloc(32, 1);

    it('reads keys, a directory and an anchor', () => {
      const env = {
        NODE_ENV: 'production',
        AUDIT_SIGNING_KEY: privateKey.replaceAll('\n', String.raw`\n`),
        AUDIT_ENCRYPTION_KEY: encryptionKey.toString('base64'),
        AUDIT_KEY_DIRECTORY: '/srv/keys',
        AUDIT_ANCHOR_FILE: '/srv/anchor.jsonl',
      };
      const audit = { signingKey: privateKey, encryptionKey, keyDirectory: '/srv/keys', anchorFile: '/srv/anchor.jsonl' };

      expect(appConfigFrom(env).audit).toEqual(audit);
      expect(workerConfigFrom(env).audit).toEqual(audit);
    });

    it('reads the signing key from a file', () => {
      const directory = mkdtempSync(join(tmpdir(), 'audit-config-'));
      const AUDIT_SIGNING_KEY = join(directory, 'key.pem');
      writeFileSync(AUDIT_SIGNING_KEY, privateKey);

      expect(workerConfigFrom({ AUDIT_SIGNING_KEY }).audit.signingKey).toBe(privateKey);
      rmSync(directory, { recursive: true });
    });

    it.each([
      [{ DB_NAME: '/srv/data/app' }, '/srv/data/audit-keys'],
      [{ DB_NAME: ':memory:' }, resolve('audit-keys')],
      [{ DB_NAME: 'app', DB_TYPE: 'POSTGRESQL' }, resolve('audit-keys')],
    ])('keeps keys with %j in %s', (env, keyDirectory) => {
      expect(appConfigFrom(env).audit).toEqual({ keyDirectory });
    });

    it('shows nothing of a wrong key', () => {
      const env = { AUDIT_SIGNING_KEY: privateKey.replace('PRIVATE', 'SECRET'), AUDIT_ENCRYPTION_KEY: 'c2VjcmV0' };

      expect(() => workerConfigFrom(env)).toThrow(
        expect.objectContaining({ message: expect.not.stringMatching(/SECRET|c2VjcmV0/) }),
      );
    });
  });
});
