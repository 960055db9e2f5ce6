import { describe, expect, it } from '@jest/globals';
import { genId } from '../../common/index.js';
import { TENANT_SOURCES, type TenantResolutionOptions } from './resolution.options.js';
import { type TenantHints, tenantNames } from './tenant-names.js';

const options: TenantResolutionOptions = {
  sources: TENANT_SOURCES,
  baseDomain: 'App.Example.com',
  reservedSubdomains: ['www'],
  ownHosts: ['admin.test'],
};
const id = genId();

describe(tenantNames, () => {
  const namesOf = (hints: TenantHints, sources = options.sources) =>
    tenantNames(hints, { ...options, sources }).map(({ source, kind, value }) => `${source} ${kind} ${value}`);

  it.each<[string | undefined, string[]]>([
    ['acme.app.example.com', ['subdomain slug acme']],
    ['ACME.app.example.com.:443', ['subdomain slug acme']],
    ['a.b.app.example.com', ['subdomain slug a.b']],
    ['acme.test', ['domain domain acme.test']],
    ['evil-app.example.com', ['domain domain evil-app.example.com']],
    ['app.example.com', []],
    ['www.app.example.com', []],
    ['admin.test:3000', []],
    ['localhost:3000', []],
    ['127.0.0.1', []],
    ['[::1]:3000', []],
    ['', []],
    [undefined, []],
  ])('reads the host %s as %j', (host, expected) => {
    expect(namesOf({ host })).toEqual(expected);
  });

  it('keeps to the configured order, and does not look at what is not there', () => {
    const hints = { host: 'acme.app.example.com', path: 'acme', header: id };
    expect(namesOf(hints)).toEqual(['subdomain slug acme', 'path slug acme', `header id ${id}`]);
    expect(namesOf(hints, ['header', 'path'])).toEqual([`header id ${id}`, 'path slug acme']);
    expect(namesOf({ ...hints, path: id }, ['path'])).toEqual([`path id ${id}`]);
    expect(namesOf({}, ['path', 'header'])).toEqual([]);
    expect(namesOf(hints, [])).toEqual([]);
  });
});
