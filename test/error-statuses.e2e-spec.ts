import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HostDatabaseError } from 'nestjs-host-database';
import { TenantNotActiveError } from 'nestjs-host-database/tenants';
import { ERROR_STATUSES, statusOf } from '../src/http/error-statuses.js';

type ErrorClass = new (...args: unknown[]) => HostDatabaseError;

const LIBRARY = 'nestjs-host-database';
const source = new URL('../src/', import.meta.url);

/** Answers whatever an error's constructor may ask of its arguments. */
const anything: unknown = new Proxy(() => anything, {
  get: (_target, key) => (key === Symbol.toPrimitive ? () => 'anything' : anything),
});

/** The doors of the library, as its manifest lists them. */
function doors(): string[] {
  const { exports } = createRequire(import.meta.url)(`${LIBRARY}/package.json`) as { exports: Record<string, unknown> };
  return Object.keys(exports)
    .filter((door) => !door.endsWith('.json'))
    .map((door) => `${LIBRARY}${door.slice(1)}`);
}

function errorFiles(): string[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.errors.ts'))
    .map((file) => new URL(file, source).href);
}

async function codesOf(specifier: string): Promise<string[]> {
  const exported = Object.values((await import(specifier)) as Record<string, unknown>);
  const classes = exported.filter(
    (value): value is ErrorClass => typeof value === 'function' && value.prototype instanceof HostDatabaseError,
  );
  return classes.map((Class) => new Class(anything, anything, anything).code);
}

describe('ERROR_STATUSES', () => {
  it('has a status for every error of the library and of the application, and for no other', async () => {
    const codes = await Promise.all([...doors(), ...errorFiles()].map(codesOf));

    expect([...new Set(codes.flat())].toSorted()).toEqual(Object.keys(ERROR_STATUSES).toSorted());
  });

  it('finds the errors where they are', async () => {
    expect(doors().length).toBeGreaterThanOrEqual(10);
    expect(errorFiles().length).toBeGreaterThanOrEqual(6);
    expect(await codesOf(`${LIBRARY}/users`)).toContain('USERS_DUPLICATE_EMAIL');
  });
});

describe('statusOf', () => {
  it.each([
    ['suspended', 423],
    ['provisioning', 503],
    ['failed', 503],
  ] as const)('tells a tenant that is %s as %d', (status, expected) => {
    expect(statusOf(new TenantNotActiveError('0'.repeat(32), status))).toBe(expected);
  });

  it('holds an error that it does not know for a failure of the server', () => {
    class UnknownError extends HostDatabaseError {
      readonly code = 'UNKNOWN';
    }

    expect(statusOf(new UnknownError('?'))).toBe(500);
  });
});
