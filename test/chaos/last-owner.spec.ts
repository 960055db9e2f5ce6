import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DatabaseType } from 'nestjs-host-database';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { MembershipArena } from '../support/membership-arena.js';
import { DONE, WAYS_OUT, type WayOut } from '../support/membership-steps.js';

const PAIRS = isFullChaos ? 1_000 : 60;
const SEAT_RACES = isFullChaos ? 250 : 15;
/** How often the control may be lucky. */
const CONTROL_PAIRS = 1_000;
const TIMEOUT_MS = isFullChaos ? 1_800_000 : 240_000;

/** Each way against each other one, in turn. */
function waysOf(pair: number): readonly [WayOut, WayOut] {
  const at = (index: number) => WAYS_OUT[index % WAYS_OUT.length] as WayOut;
  return [at(pair), at(pair + Math.floor(pair / WAYS_OUT.length))];
}

describe.each<DatabaseType>(['sqlite', 'postgresql'])('the members of a tenant, changed by two processes on %s', (type) => {
  let arena: MembershipArena;

  beforeAll(async () => {
    arena = await MembershipArena.open(type);
  }, TIMEOUT_MS);
  afterAll(() => arena.close());

  it(
    `keep an owner when two of two go at once, ${PAIRS} times`,
    async () => {
      const begun = performance.now();
      for (let pair = 0; pair < PAIRS; pair++) {
        const { tenantId, owners } = await arena.newTenant(2);
        const [one, other] = waysOf(pair);
        const outcomes = await arena.race(
          { way: one, tenantId, userIds: owners.slice(0, 1) },
          { way: other, tenantId, userIds: owners.slice(1) },
        );
        expect({ one, other, outcomes, owners: await arena.countOwners(tenantId) }).toEqual({
          one,
          other,
          outcomes: ['MEMBERSHIPS_LAST_OWNER', DONE],
          owners: 1,
        });
      }
      report(
        `last owner, ${type}: ${PAIRS} pairs, none without an owner, in ${((performance.now() - begun) / 1_000).toFixed(1)} s`,
      );
    },
    TIMEOUT_MS,
  );

  it(
    `never take more seats than there are, ${SEAT_RACES} times`,
    async () => {
      for (let race = 0; race < SEAT_RACES; race++) {
        const { tenantId } = await arena.newTenant(1, 3);
        const users = await arena.newUsers(4);
        const outcomes = await arena.race(
          { way: 'grant', tenantId, userIds: users.slice(0, 2) },
          { way: 'grant', tenantId, userIds: users.slice(2) },
        );
        const limit = 'MEMBERSHIPS_SEAT_LIMIT_REACHED';
        expect(outcomes).toEqual([limit, limit, DONE, DONE]);
        expect(await arena.countMembers(tenantId)).toBe(3);
      }
    },
    TIMEOUT_MS,
  );
});

// PostgreSQL only: on SQLite a transaction that reads to write is alone in any case.
describe('two processes on postgresql without a lock', () => {
  it(
    'leave a tenant without an owner: the races above are ones',
    async () => {
      const arena = await MembershipArena.open('postgresql');
      let pairs = 0;
      let owners = 1;
      while (owners > 0 && pairs < CONTROL_PAIRS) {
        const tenant = await arena.newTenant(2);
        const step = { way: 'unlocked', tenantId: tenant.tenantId } as const;
        await arena.race({ ...step, userIds: tenant.owners.slice(0, 1) }, { ...step, userIds: tenant.owners.slice(1) });
        owners = await arena.countOwners(tenant.tenantId);
        pairs++;
      }
      await arena.close();
      report(`last owner, without a lock: lost after ${pairs} pairs`);
      expect(owners).toBe(0);
    },
    TIMEOUT_MS,
  );
});
