import { defineEntity, p } from '@mikro-orm/core';

/** The entities of an application of that size: what a tenant's ORM costs grows with them. */
export function things(count) {
  return Array.from({ length: count }, (_, index) =>
    defineEntity({
      name: `Thing${index}`,
      tableName: `things_${index}`,
      properties: {
        id: p.integer().primary(),
        name: p.string(),
        note: p.text().nullable(),
        amount: p.integer().default(0),
        createdAt: p.datetime().nullable(),
      },
    }),
  );
}
