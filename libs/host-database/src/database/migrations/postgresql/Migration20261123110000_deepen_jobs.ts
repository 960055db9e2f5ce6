import { Migration } from '@mikro-orm/migrations';

export class Migration20261123110000_deepen_jobs extends Migration {
  override name = 'Migration20261123110000_deepen_jobs';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "sys_job_limits" ("queue" varchar(63) not null, "fairness_key" varchar(32) not null default '', "tokens" double precision not null default 0, "filled_at" timestamptz(3) null, primary key ("queue", "fairness_key"));`,
    );

    this.addSql(
      `create table "sys_job_schedules" ("name" varchar(127) not null, "source" text not null, "job_type" varchar(127) not null, "cron" varchar(255) not null, "time_zone" varchar(63) not null default 'UTC', "payload" jsonb null, "queue" varchar(63) not null default 'default', "tenant_id" varchar(32) null, "priority" int not null default 0, "missed" text not null default 'once', "missed_limit" int not null default 100, "is_active" boolean not null default true, "next_slot_at" timestamptz(3) null, "last_slot_at" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("name"));`,
    );
    this.addSql(`create index "sys_job_schedules_next_slot_at_index" on "sys_job_schedules" ("next_slot_at") where is_active;`);

    this.addSql(
      `create table "sys_job_workers" ("id" varchar(32) not null, "host" varchar(255) not null, "pid" int not null, "queues" jsonb not null, "job_types" jsonb not null, "started_at" timestamptz(3) not null, "beat_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_job_workers_beat_at_index" on "sys_job_workers" ("beat_at");`);

    this.addSql(`drop index "sys_jobs_lease_expires_at_index";`);
    this.addSql(`drop index "sys_jobs_status_id_index";`);
    this.addSql(`drop index "sys_jobs_tenant_id_index";`);
    this.addSql(`alter table "sys_jobs" drop constraint "sys_jobs_status_check";`);
    this.addSql(
      `alter table "sys_jobs" add "queue" varchar(63) not null default 'default', add "fairness_key" varchar(32) not null default '', add "actor_user_id" varchar(32) null, add "priority" int not null default 0, add "output" jsonb null, add "progress" jsonb null, add "attempt" int not null default 0, add "max_attempts" int null, add "crash_count" int not null default 0, add "worker_id" varchar(32) null, add "unique_key" varchar(255) null, add "concurrency_key" varchar(255) null, add "trace_context" varchar(255) null, add "started_at" timestamptz(3) null;`,
    );
    this.addSql(`alter table "sys_jobs" drop column "lease_expires_at", add "available_at" timestamptz(3) null;`);
    // Running jobs have no worker that is known: they are taken over as those of a dead one.
    this.addSql(`update "sys_jobs" set "fairness_key" = coalesce("tenant_id", ''), "attempt" = "claim_token";`);
    // Rows change often and are read through small indexes: dead entries cost more here than vacuuming does.
    this.addSql(
      `alter table "sys_jobs" set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);`,
    );
    this.addSql(
      `create index "sys_jobs_ready_index" on "sys_jobs" ("queue", "fairness_key", "priority", "id") where status = 'pending';`,
    );
    this.addSql(`create index "sys_jobs_scheduled_index" on "sys_jobs" ("available_at") where status = 'scheduled';`);
    this.addSql(`create index "sys_jobs_running_index" on "sys_jobs" ("worker_id") where status = 'running';`);
    this.addSql(
      `create index "sys_jobs_blocked_index" on "sys_jobs" ("queue", "fairness_key", "concurrency_key", "priority", "id") where status = 'blocked';`,
    );
    this.addSql(`create index "sys_jobs_parked_index" on "sys_jobs" ("job_type") where status = 'parked';`);
    this.addSql(`create index "sys_jobs_failed_index" on "sys_jobs" ("queue", "id") where status = 'failed';`);
    this.addSql(
      `create unique index "sys_jobs_unique_key_unique" on "sys_jobs" ("job_type", "fairness_key", "unique_key") where unique_key is not null and status in ('scheduled', 'pending', 'blocked', 'parked', 'running');`,
    );
    this.addSql(
      `alter table "sys_jobs" add constraint "sys_jobs_status_check" check ("status" in ('scheduled', 'pending', 'blocked', 'parked', 'running', 'completed', 'failed', 'cancelled'));`,
    );

    this.addSql(
      `alter table "sys_job_schedules" add constraint "sys_job_schedules_source_check" check ("source" in ('code', 'stored'));`,
    );
    this.addSql(
      `alter table "sys_job_schedules" add constraint "sys_job_schedules_missed_check" check ("missed" in ('skip', 'once', 'all'));`,
    );
  }
}
