import { accessRows } from '../support/access/rows.mjs';
import { startContender } from '../support/access/contender.mjs';
import { lineUp } from '../support/access/line-up.mjs';
import { load } from '../support/access/load.mjs';
import { statementsPerRequest } from '../support/access/statements.mjs';
import { connectionTo } from '../support/connection.mjs';
import { inTurns } from '../support/rounds.mjs';

const SIZES = {
  full: { rounds: 5, loadedSeconds: 5, singleSeconds: 3, warmUpSeconds: 5 },
  quick: { rounds: 1, loadedSeconds: 2, singleSeconds: 2, warmUpSeconds: 2 },
};
const CONNECTIONS = 32;

export const title = `A route of a tenant over HTTP for a member with a permission: each contender in a process of its own, warm, ${CONNECTIONS} connections or one`;

export const only = 'postgresql';

export async function run({ server, quick }) {
  const size = SIZES[quick ? 'quick' : 'full'];
  const { rounds, loadedSeconds, singleSeconds, warmUpSeconds } = size;
  const opened = new Map();
  try {
    for (const entrant of lineUp) {
      const database = await server.createDatabase();
      opened.set(entrant, { database });
      const contender = await startContender(entrant, { database, connection: connectionTo(database) });
      opened.set(entrant, { database, contender });
      await load(contender.way, { connections: CONNECTIONS, seconds: warmUpSeconds });
    }
    const measured = await inTurns({
      count: rounds,
      title: 'access',
      entrants: lineUp,
      measure: async (entrant) => {
        const { way } = opened.get(entrant).contender;
        const loaded = await load(way, { connections: CONNECTIONS, seconds: loadedSeconds });
        const single = await load(way, { connections: 1, seconds: singleSeconds });
        return { perSecond: loaded.requests / loaded.seconds, ms: (single.seconds * 1_000) / single.requests };
      },
    });
    const counted = await inTurns({
      count: 1,
      title: 'statements of access',
      entrants: lineUp,
      measure: (entrant) => statementsPerRequest({ server, entrant, warmUpSeconds }),
    });
    return accessRows(measured, counted);
  } finally {
    for (const { database, contender } of opened.values()) {
      await contender?.kill();
      await database.drop();
    }
  }
}
