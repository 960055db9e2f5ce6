import { Migration } from '@mikro-orm/migrations';

export class Migration20261123181000_provision_in_steps extends Migration {
  override name = 'Migration20261123181000_provision_in_steps';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "sys_tenant_provisionings" ("tenant_id" varchar(32) not null, "state" text not null default 'pending', "is_warm" boolean not null default false, "token" int not null default 0, "run" int not null default 1, "job_id" varchar(32) null, "owner_id" varchar(32) null, "wanted" jsonb null, "failures" int not null default 0, "failed_step" varchar(63) null, "reason" text null, "created_at" timestamptz(3) not null, "ended_at" timestamptz(3) null, primary key ("tenant_id"));`,
    );
    this.addSql(
      `create index "sys_tenant_provisionings_open_index" on "sys_tenant_provisionings" ("state") where state in ('pending', 'running', 'compensating');`,
    );

    this.addSql(
      `create table "sys_tenant_provisioning_steps" ("tenant_id" varchar(32) not null, "step" varchar(63) not null, "status" text not null default 'running', "attempts" int not null default 0, "compensations" int not null default 0, "result" jsonb null, "error" text null, "started_at" timestamptz(3) not null, "finished_at" timestamptz(3) null, primary key ("tenant_id", "step"));`,
    );

    this.addSql(
      `create table "sys_tenant_requests" ("idempotency_key" varchar(255) not null, "tenant_id" varchar(32) not null, "fingerprint" varchar(64) not null, "created_at" timestamptz(3) not null, primary key ("idempotency_key"));`,
    );

    this.addSql(
      `create table "sys_warm_tenants" ("id" varchar(32) not null, "status" text not null default 'preparing', "db_url" varchar(4096) null, "db_url_hash" varchar(64) null, "mode" text not null default 'database', "server" varchar(63) null, "schema_version" varchar(255) null, "schema_digest" varchar(64) null, "made_by" varchar(255) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_warm_tenants_status_index" on "sys_warm_tenants" ("status", "created_at");`);

    this.addSql(
      `alter table "sys_tenant_provisionings" add constraint "sys_tenant_provisionings_state_check" check ("state" in ('pending', 'running', 'compensating', 'succeeded', 'failed'));`,
    );

    this.addSql(
      `alter table "sys_tenant_provisioning_steps" add constraint "sys_tenant_provisioning_steps_status_check" check ("status" in ('pending', 'running', 'done', 'failed', 'compensating', 'compensated', 'left'));`,
    );

    this.addSql(
      `alter table "sys_warm_tenants" add constraint "sys_warm_tenants_status_check" check ("status" in ('preparing', 'ready', 'dropping'));`,
    );
    this.addSql(
      `alter table "sys_warm_tenants" add constraint "sys_warm_tenants_mode_check" check ("mode" in ('database', 'schema'));`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "sys_tenant_provisionings" cascade;`);
    this.addSql(`drop table if exists "sys_tenant_provisioning_steps" cascade;`);
    this.addSql(`drop table if exists "sys_tenant_requests" cascade;`);
    this.addSql(`drop table if exists "sys_warm_tenants" cascade;`);
  }
}
