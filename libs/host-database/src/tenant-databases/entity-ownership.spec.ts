import { describe, expect, it } from '@jest/globals';
import { defineEntity, p } from '@mikro-orm/core';
import { createTestHost } from '../testing/index.js';
import { EntityOwnership } from './entity-ownership.js';
import { WrongTenantError } from './tenant-databases.errors.js';
import { TenantDatabases } from './tenant-databases.service.js';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

/** The guard, taken out. */
class NoOwnership extends EntityOwnership {
  override assertFlush(): void {}
  override assertValue(): void {}
}

describe.each(['sqlite', 'postgresql'] as const)(`${EntityOwnership.name} on %s`, (database) => {
  /** Carries a changed note of one tenant into another, and returns what the other holds under the same key afterwards. */
  async function carryOver(ownership?: EntityOwnership): Promise<string> {
    const host = await createTestHost({
      database,
      options: { tenantDatabases: { entities: [Note] } },
      override: (builder) => (ownership ? builder.overrideProvider(EntityOwnership).useValue(ownership) : builder),
    });
    try {
      const tenants = host.get(TenantDatabases);
      const [from, to] = [(await host.newTenant()).id, (await host.newTenant()).id];
      await tenants.run(from, (em) => void em.create(Note, { id: 1, text: 'of the one' }));
      await tenants.run(to, (em) => void em.create(Note, { id: 1, text: 'of the other' }));
      const note = await tenants.run(from, (em) => em.findOneOrFail(Note, { id: 1 }));
      note.text = 'carried over';
      await tenants.run(to, (em) => void em.persist(note));
      return await tenants.run(to, async (em) => (await em.findOneOrFail(Note, { id: 1 })).text);
    } finally {
      await host.close();
    }
  }

  it('refuses an entity of another tenant', async () => {
    await expect(carryOver()).rejects.toBeInstanceOf(WrongTenantError);
  });

  // Why it is there: MikroORM alone overwrites the row with the same key, without an error.
  it('is all that keeps it out', async () => {
    expect(await carryOver(new NoOwnership())).toBe('carried over');
  });
});
