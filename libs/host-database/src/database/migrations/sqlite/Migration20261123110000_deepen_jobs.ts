import { Migration } from '@mikro-orm/migrations';

export class Migration20261123110000_deepen_jobs extends Migration {
  override name = 'Migration20261123110000_deepen_jobs';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`sys_job_limits\` (\`queue\` text not null, \`fairness_key\` text not null default '', \`tokens\` double not null default 0, \`filled_at\` datetime null, primary key (\`queue\`, \`fairness_key\`));`,
    );

    this.addSql(
      `create table \`sys_job_schedules\` (\`name\` text not null primary key, \`source\` text check (\`source\` in ('code', 'stored')) not null, \`job_type\` text not null, \`cron\` text not null, \`time_zone\` text not null default 'UTC', \`payload\` json null, \`queue\` text not null default 'default', \`tenant_id\` text null, \`priority\` integer not null default 0, \`missed\` text check (\`missed\` in ('skip', 'once', 'all')) not null default 'once', \`missed_limit\` integer not null default 100, \`is_active\` integer not null default true, \`next_slot_at\` datetime null, \`last_slot_at\` datetime null, \`created_at\` datetime not null);`,
    );
    this.addSql(
      `create index \`sys_job_schedules_next_slot_at_index\` on \`sys_job_schedules\` (\`next_slot_at\`) where is_active;`,
    );

    this.addSql(
      `create table \`sys_job_workers\` (\`id\` text not null primary key, \`host\` text not null, \`pid\` integer not null, \`queues\` json not null, \`job_types\` json not null, \`started_at\` datetime not null, \`beat_at\` datetime not null);`,
    );
    this.addSql(`create index \`sys_job_workers_beat_at_index\` on \`sys_job_workers\` (\`beat_at\`);`);

    this.addSql(
      `create table \`sys_jobs__temp_alter\` (\`id\` text not null primary key, \`job_type\` text not null, \`queue\` text not null default 'default', \`tenant_id\` text null, \`fairness_key\` text not null default '', \`actor_user_id\` text null, \`status\` text check (\`status\` in ('scheduled', 'pending', 'blocked', 'parked', 'running', 'completed', 'failed', 'cancelled')) not null default 'pending', \`priority\` integer not null default 0, \`payload\` json null, \`output\` json null, \`progress\` json null, \`error_log\` text null, \`attempt\` integer not null default 0, \`max_attempts\` integer null, \`crash_count\` integer not null default 0, \`claim_token\` integer not null default 0, \`worker_id\` text null, \`unique_key\` text null, \`concurrency_key\` text null, \`trace_context\` text null, \`available_at\` datetime null, \`created_at\` datetime not null, \`started_at\` datetime null, \`completed_at\` datetime null);`,
    );
    this.addSql(
      `insert into \`sys_jobs__temp_alter\` select \`id\`, \`job_type\`, 'default' as \`queue\`, \`tenant_id\`, coalesce(\`tenant_id\`, '') as \`fairness_key\`, null as \`actor_user_id\`, \`status\`, 0 as \`priority\`, \`payload\`, null as \`output\`, null as \`progress\`, \`error_log\`, \`claim_token\` as \`attempt\`, null as \`max_attempts\`, 0 as \`crash_count\`, \`claim_token\`, null as \`worker_id\`, null as \`unique_key\`, null as \`concurrency_key\`, null as \`trace_context\`, null as \`available_at\`, \`created_at\`, null as \`started_at\`, \`completed_at\` from \`sys_jobs\`;`,
    );
    this.addSql(`drop table \`sys_jobs\`;`);
    this.addSql(`alter table \`sys_jobs__temp_alter\` rename to \`sys_jobs\`;`);
    this.addSql(
      `create index \`sys_jobs_ready_index\` on \`sys_jobs\` (\`queue\`, \`fairness_key\`, \`priority\`, \`id\`) where status = 'pending';`,
    );
    this.addSql(`create index \`sys_jobs_scheduled_index\` on \`sys_jobs\` (\`available_at\`) where status = 'scheduled';`);
    this.addSql(`create index \`sys_jobs_running_index\` on \`sys_jobs\` (\`worker_id\`) where status = 'running';`);
    this.addSql(
      `create index \`sys_jobs_blocked_index\` on \`sys_jobs\` (\`queue\`, \`fairness_key\`, \`concurrency_key\`, \`priority\`, \`id\`) where status = 'blocked';`,
    );
    this.addSql(`create index \`sys_jobs_parked_index\` on \`sys_jobs\` (\`job_type\`) where status = 'parked';`);
    this.addSql(`create index \`sys_jobs_failed_index\` on \`sys_jobs\` (\`queue\`, \`id\`) where status = 'failed';`);
    this.addSql(
      `create unique index \`sys_jobs_unique_key_unique\` on \`sys_jobs\` (\`job_type\`, \`fairness_key\`, \`unique_key\`) where unique_key is not null and status in ('scheduled', 'pending', 'blocked', 'parked', 'running');`,
    );
  }
}
