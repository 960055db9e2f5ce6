import { genId } from 'nestjs-host-database';
import type { ChaosArena } from './chaos-arena.js';

const YEAR = new Date().getUTCFullYear();

/** Lets the database refuse what no claim, settlement or rescue may do, whichever statement it is in. */
export async function guardTransitions({ type, query }: ChaosArena): Promise<void> {
  const wrong = `new.claim_token < old.claim_token
    or new.claim_token > old.claim_token and not (old.status = 'pending' and new.status = 'running' and new.claim_token = old.claim_token + 1)
    or new.claim_token = old.claim_token and new.status = 'running' and old.status <> 'running'
    or old.status in ('completed', 'cancelled') and new.status <> old.status
    or old.status = 'failed' and new.status not in ('failed', 'pending')`;
  if (type === 'sqlite') {
    await query(`create trigger sweep_guard before update on sys_jobs when ${wrong}
      begin select raise(abort, 'a transition that must not be'); end`);
    return;
  }
  await query(`create function sweep_guard() returns trigger language plpgsql as
    $$ begin raise exception 'a transition that must not be: % to %', old, new; end $$`);
  await query(`create trigger sweep_guard before update on sys_jobs for each row when (${wrong}) execute function sweep_guard()`);
}

/** Begins again: with a job of a worker that is dead, and a slot that is due. */
export async function resetQueue({ type, query }: ChaosArena): Promise<void> {
  for (const table of ['sys_jobs', 'sys_job_workers', 'chaos_effects']) await query(`delete from ${table}`);
  await query('update chaos_counter set value = 0');
  const time = (iso: string) => (type === 'sqlite' ? Date.parse(iso) : iso);
  const past = time('2020-01-01T00:00:00Z');
  const workerId = genId();
  await query(
    `insert into sys_job_workers (id, host, pid, queues, job_types, started_at, beat_at) values (?, 'elsewhere', 1, '[]', '[]', ?, ?)`,
    [workerId, past, past],
  );
  await query(
    `insert into sys_jobs (id, job_type, status, payload, attempt, claim_token, worker_id, created_at, started_at)
      values (?, 'sweep.do-nothing', 'running', '{}', 1, 1, ?, ?, ?)`,
    [genId(), workerId, past, past],
  );
  await query('update sys_job_schedules set next_slot_at = ?, last_slot_at = null', [time(`${YEAR}-01-01T00:00:00Z`)]);
}
