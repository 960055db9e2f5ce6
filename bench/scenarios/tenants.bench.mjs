import { fleetRows } from '../support/tenants/fleet.mjs';

export const title = 'Tenant databases, beside the same with MikroORM alone';

/** Each part measures on a database of its own and gives its rows. */
const PARTS = [fleetRows];

export async function run(context) {
  const rows = [];
  for (const part of PARTS) rows.push(...(await part(context)));
  return rows;
}
