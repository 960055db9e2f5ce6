/** What an issuer stores: sessions, codes, tokens. */
type Stored = Record<string, unknown> & { readonly uid?: string; readonly grantId?: string };

/** Where an issuer of the tests keeps things, each in a place of its own. */
export function oidcMemory(): (model: string) => object {
  const models = new Map<string, Map<string, Stored>>();
  const within = (model: string) => {
    const rows = models.get(model) ?? new Map<string, Stored>();
    models.set(model, rows);
    return rows;
  };
  return (model) => {
    const rows = within(model);
    return {
      upsert: async (id: string, payload: Stored) => void rows.set(id, payload),
      find: async (id: string) => rows.get(id),
      findByUid: async (uid: string) => [...rows.values()].find((row) => row.uid === uid),
      consume: async (id: string) => void Object.assign(rows.get(id) ?? {}, { consumed: Math.floor(Date.now() / 1_000) }),
      destroy: async (id: string) => void rows.delete(id),
      revokeByGrantId: async (grantId: string) => {
        for (const [id, row] of rows) if (row.grantId === grantId) rows.delete(id);
      },
    };
  };
}
