import { describe, expect, it } from '@jest/globals';
import { SchemaTarget } from './schema-target.js';

const stored = (target: SchemaTarget) => ({ schemaVersion: target.version, schemaDigest: target.digest });
const target = SchemaTarget.ofMigrations(['M1', 'M2', 'M4']);

describe(SchemaTarget.name, () => {
  it('knows who is current, behind and ahead without asking their databases', () => {
    expect(target.stateOf(stored(target))).toBe('current');
    expect(target.stateOf(stored(SchemaTarget.ofMigrations(['M1'])))).toBe('behind');
    expect(target.pendingOf(stored(SchemaTarget.ofMigrations(['M1'])))).toEqual(['M2', 'M4']);
    expect(target.stateOf(stored(SchemaTarget.ofMigrations(['M1', 'M2', 'M4', 'M5'])))).toBe('ahead');
    expect(target.pendingOf(stored(SchemaTarget.ofMigrations(['M5'])))).toEqual([]);
  });

  it('asks those of whom it cannot tell: nobody has looked, or a migration was added among older ones', () => {
    const unknown = [
      { schemaVersion: null, schemaDigest: null },
      { schemaVersion: 'M4', schemaDigest: SchemaTarget.ofMigrations(['M1', 'M4']).digest },
      { schemaVersion: 'M2', schemaDigest: SchemaTarget.ofMigrations(['M2']).digest },
      { schemaVersion: 'M3', schemaDigest: '0' },
      { schemaVersion: 'entities:1', schemaDigest: '1' },
    ];
    for (const each of unknown) {
      expect(target.stateOf(each)).toBe('unknown');
      expect(target.pendingOf(each)).toBeUndefined();
    }
  });

  it('remembers the newest migration that a database has, also one of a later application', () => {
    expect(target.versionAfter(['M1', 'M2', 'M4'])).toEqual({ version: 'M4', digest: target.digest });
    expect(target.versionAfter(['M1', 'M5', 'M2', 'M4'])).toEqual({ version: 'M5', digest: target.digest });
    // One that was there before, and was taken out of the list.
    expect(target.versionAfter(['M0', 'M1', 'M2', 'M4'])).toEqual({ version: 'M4', digest: target.digest });
  });

  it('tells states of the entities apart, which have no order', () => {
    const entities = SchemaTarget.ofEntities('a');
    expect(entities.version).toBe('entities:a');
    expect(entities.stateOf({ schemaVersion: 'entities:a', schemaDigest: 'a' })).toBe('current');
    expect(entities.stateOf({ schemaVersion: 'entities:b', schemaDigest: 'b' })).toBe('unknown');
    expect(entities.stateOf({ schemaVersion: 'M1', schemaDigest: 'b' })).toBe('unknown');
  });

  it('finds nothing to do where tenants have no tables', () => {
    expect(SchemaTarget.nothing().stateOf({ schemaVersion: null, schemaDigest: null })).toBe('current');
    expect(SchemaTarget.nothing().versionAfter([])).toBeUndefined();
  });
});
