import { inspect } from 'node:util';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DatabaseConfigError } from './database.errors.js';
import { DatabaseSettings } from './database-settings.js';

const PASSWORD = 'p@ss:w/rd?#%& ü';

describe(DatabaseSettings, () => {
  describe('from', () => {
    it('has the documented defaults', () => {
      // oxlint-disable-next-line typescript/no-misused-spread -- the fields are meant, not the class
      expect({ ...DatabaseSettings.from({}) }).toEqual({
        type: 'postgresql',
        host: 'localhost',
        port: 5432,
        user: 'postgres',
        name: 'app_host',
        pool: {},
        ssl: undefined,
      });
    });

    it('reads a URL, in which single options win', () => {
      const url = `postgresql://ada:${encodeURIComponent(PASSWORD)}@db.example.com:6543/host%20db?sslmode=require`;
      const settings = DatabaseSettings.from({ url, port: 7000 });
      expect(settings).toMatchObject({ host: 'db.example.com', port: 7000, user: 'ada', name: 'host db', ssl: true });
      expect(settings.revealPassword()).toBe(PASSWORD);
    });

    it('reads an IPv6 address', () => {
      const settings = DatabaseSettings.from({ url: 'postgresql://[::1]:5433/x' });
      expect(settings.host).toBe('::1');
      expect(settings.toUriWithPassword()).toBe('postgresql://postgres@[::1]:5433/x');
    });

    it.each([
      [{ type: 'sqlite' }, resolve('app_host.db')],
      [{ type: 'sqlite', name: '/var/data/host' }, '/var/data/host.db'],
      [{ type: 'sqlite', name: '/var/data/host.sqlite3' }, '/var/data/host.sqlite3'],
      [{ type: 'sqlite', name: ':memory:' }, ':memory:'],
      [{ url: 'sqlite:///var/my%20data/host.db' }, '/var/my data/host.db'],
      [{ url: 'sqlite:host.db' }, resolve('host.db')],
      [{ url: 'sqlite::memory:' }, ':memory:'],
    ] as const)('finds the SQLite file of %p', (options, file) => {
      expect(DatabaseSettings.from(options)).toMatchObject({ type: 'sqlite', name: file });
    });

    it.each([
      ['another kind of database', { type: 'mysql' as 'sqlite' }],
      ['a URL of no known kind', { url: 'mysql://localhost/x' }],
      ['a URL that cannot be read', { url: 'postgresql://user:pa ss@:bad port/x' }],
      ['a URL with a stray percent sign', { url: 'postgresql://ada:100%@localhost/x' }],
      ['a URL that contradicts the type', { url: 'sqlite:x.db', type: 'postgresql' as const }],
      ['a URL with a parameter that it would ignore', { url: 'postgresql://localhost/x?application_name=y' }],
      ['an sslmode that there is not', { url: 'postgresql://localhost/x?sslmode=maybe' }],
      ['a port out of range', { port: 65_536 }],
      ['a port that is no number', { port: Number.NaN }],
      ['an empty name', { name: '' }],
    ])('refuses %s', (_, options) => {
      expect(() => DatabaseSettings.from(options)).toThrow(DatabaseConfigError);
    });

    it('does not show the password of a URL that cannot be read', () => {
      const error = thrownBy(() => DatabaseSettings.from({ url: 'postgresql://ada:s3cret@host:port/x' }));
      expect(error).toBeInstanceOf(DatabaseConfigError);
      expect(inspect(error, { depth: 9 })).not.toContain('s3cret');
    });
  });

  it('reveals the password to nobody but who asks for it', () => {
    const settings = DatabaseSettings.from({ password: PASSWORD, name: 'x' });
    for (const shown of [inspect(settings, { depth: 9, showHidden: true }), JSON.stringify({ settings }), String(settings)]) {
      expect(shown).not.toContain(PASSWORD);
      expect(shown).not.toContain(encodeURIComponent(PASSWORD));
    }
    expect(DatabaseSettings.from({ url: settings.toUriWithPassword() }).revealPassword()).toBe(PASSWORD);
  });

  describe('forTenant', () => {
    const host = DatabaseSettings.from({ user: 'app', password: PASSWORD, host: 'db', name: 'host' });

    it("takes the host's credentials where the address has none", () => {
      const settings = host.forTenant('postgresql://db2:6000/tenant_1', { max: 2 });
      expect(settings).toMatchObject({ host: 'db2', port: 6000, user: 'app', name: 'tenant_1', pool: { max: 2 } });
      expect(settings.revealPassword()).toBe(PASSWORD);
    });

    it("keeps the credentials of the address, and never lends it the host's password", () => {
      const settings = host.forTenant('postgresql://tenant@db2/tenant_1', {});
      expect(settings.user).toBe('tenant');
      expect(settings.revealPassword()).toBeUndefined();
    });

    it('takes the schema that the address names, and tells its place from those beside it', () => {
      const addresses = ['one', 'two'].map((schema) => `postgresql://db2/tenants?sslmode=require&schema=${schema}`);
      const [one, two] = addresses.map((address) => host.forTenant(address, {}));
      expect(one).toMatchObject({ name: 'tenants', schema: 'one', ssl: true });
      expect(one?.toUriWithoutCredentials()).toBe('postgresql://db2:5432/tenants?schema=one');
      expect(String(one)).toBe('postgresql://app@db2:5432/tenants?schema=one');
      expect(host.forTenant(one?.toUriWithoutCredentials() ?? '', {}).toAddressHash()).toBe(one?.toAddressHash());
      expect(two?.toAddressHash()).not.toBe(one?.toAddressHash());
      expect(host.forTenant('postgresql://db2/tenants', {}).toAddressHash()).not.toBe(one?.toAddressHash());
    });

    it.each(['', 'public', 'pg_catalog', 'information_schema', 'x'.repeat(64)])('refuses the schema "%s"', (schema) => {
      expect(() => host.forTenant(`postgresql://db2/tenants?schema=${schema}`, {})).toThrow(DatabaseConfigError);
    });

    it('is the only one that has a schema', () => {
      expect(() => DatabaseSettings.from({ url: 'postgresql://db/host?schema=one' })).toThrow(DatabaseConfigError);
    });

    it('refuses another kind of database', () => {
      expect(() => host.forTenant('sqlite:x.db', {})).toThrow(DatabaseConfigError);
    });
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
