import { comparePaired } from '../paired.mjs';
import { withWarmTenant } from './warm-tenant.mjs';

/** Finding the tenant, its lease, its binding and the look at what is to be flushed take no more than a tenth of one query. */
const BAR = 1.1;

/** run() with one query on a tenant that is open, beside a fork of an ORM that is open, which is neither bound nor flushed. */
export async function warmRunRows({ server, quick }) {
  return withWarmTenant(server, async ({ runInTenant, orm, find }) => {
    const samples = await comparePaired({
      quick,
      bar: BAR,
      module: (index) => runInTenant((em) => find(em, index)),
      bare: (index) => find(orm.em.fork(), index),
    });
    return [{ work: 'run() with one query, warm, beside a fork', unit: 'ms', bar: BAR, ...samples }];
  });
}
