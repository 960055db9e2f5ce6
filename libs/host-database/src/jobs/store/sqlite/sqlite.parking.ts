import type { SqliteDirectConnection } from '../../../database/index.js';
import { ROWS_AT_ONCE } from '../job-columns.js';
import * as upkeepSql from './upkeep.sql.js';

interface Line {
  readonly queue: string;
  readonly fairnessKey: string;
}

interface ReadyJob {
  readonly id: string;
  readonly jobType: string;
  readonly readySince: number;
}

/**
 * Parks jobs that have been ready since before a time and that no live worker has a handler for. It goes from line to line along the
 * index and looks at the head of each, where such a job stands in the way: with a long backlog all of it would hold the write lock for
 * too long.
 */
export function parkUnhandled(db: Pick<SqliteDirectConnection, 'prepare'>, readyBefore: number): number {
  const handled = new Set(
    db
      .prepare<{ queues: string; jobTypes: string }>(upkeepSql.handled)
      .all()
      .flatMap(({ queues, jobTypes }) =>
        (JSON.parse(queues) as string[]).flatMap((queue) =>
          (JSON.parse(jobTypes) as string[]).map((jobType) => kindOf(queue, jobType)),
        ),
      ),
  );
  const next = db.prepare<Line>(upkeepSql.nextLine);
  const head = db.prepare<ReadyJob>(upkeepSql.headOfLine);
  const ids: string[] = [];
  let line = db.prepare<Line>(upkeepSql.firstLine).get();
  while (line && ids.length < ROWS_AT_ONCE) {
    const { queue, fairnessKey } = line;
    for (const { id, jobType, readySince } of head.all(queue, fairnessKey)) {
      if (readySince < readyBefore && !handled.has(kindOf(queue, jobType))) ids.push(id);
    }
    line = next.get(queue, fairnessKey);
  }
  return ids.length === 0 ? 0 : db.prepare(upkeepSql.parkThese).run(JSON.stringify(ids)).changes;
}

function kindOf(queue: string, jobType: string): string {
  return JSON.stringify([queue, jobType]);
}
