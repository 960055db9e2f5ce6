import type { INestApplication } from '@nestjs/common';
import { TenantDatabases } from '../../tenant-databases/index.js';
import { asText } from './host-contents.js';

/** All that is in a tenant's tables, those between two entities included, table by table, as text. */
export async function contentsOf(app: INestApplication, tenantId: string): Promise<ReadonlyMap<string, string>> {
  return app.get(TenantDatabases, { strict: false }).run(tenantId, async (em) => {
    const contents = new Map<string, string>();
    for (const meta of em.getMetadata()) {
      if (meta.abstract || meta.embeddable || meta.virtual === true) continue;
      const rows = await em.createQueryBuilder(meta.class).select('*').execute<object[]>('all', false);
      contents.set(`table ${meta.tableName}`, asText(rows));
    }
    return contents;
  });
}
