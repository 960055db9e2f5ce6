import { describe, expect, it } from '@jest/globals';
import { DatabaseSettings } from './database-settings.js';
import { ormOptions } from './orm-options.js';
import { TransactionScope } from './transaction-scope.js';

const host = DatabaseSettings.from({ url: 'postgresql://app:x@db/host' });

function optionsFor(schema: string, driverOptions?: object) {
  return ormOptions({
    settings: host.with({ name: 'tenants', schema }),
    entities: [],
    scope: new TransactionScope(),
    context: () => undefined,
    ...(driverOptions && { mikroOrm: { driverOptions } }),
  });
}

describe(ormOptions.name, () => {
  it('begins each connection of a tenant in its schema, however that is written', async () => {
    expect(await optionsFor('one')).toMatchObject({ schema: 'one', driverOptions: { options: '-c search_path="one"' } });
    const { driverOptions } = await optionsFor('a "b\\, public');
    expect(driverOptions).toEqual({ options: String.raw`-c search_path="a\ ""b\\,\ public"` });
  });

  it('lets no option of the application take the schema away', async () => {
    const { driverOptions } = await optionsFor('one', { options: '-c search_path=public', keepAlive: true });
    expect(driverOptions).toEqual({ options: '-c search_path=public -c search_path="one"', keepAlive: true });
  });
});
