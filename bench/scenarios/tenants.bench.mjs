import { coldOpenRows } from '../support/tenants/cold-open.mjs';
import { fleetRows } from '../support/tenants/fleet.mjs';
import { openTenantRows } from '../support/tenants/open-tenants.mjs';
import { signUpRows } from '../support/tenants/sign-ups.mjs';
import { warmRunRows } from '../support/tenants/warm-run.mjs';

export const title = 'Tenant databases, beside the same with MikroORM alone';

/** Each part measures on a database of its own and gives its rows. */
const PARTS = [warmRunRows, coldOpenRows, openTenantRows, signUpRows, fleetRows];

export async function run(context) {
  const rows = [];
  for (const part of PARTS) rows.push(...(await part(context)));
  return rows;
}
