import { Migration } from '@mikro-orm/migrations';

export class Migration20261123184000_keep_fleet_ledger extends Migration {
  override name = 'Migration20261123184000_keep_fleet_ledger';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "sys_tenant_migration_runs" ("id" varchar(32) not null, "target" varchar(255) not null, "live_key" varchar(64) not null, "state" text not null default 'running', "stop_reason" text null, "options" jsonb not null, "total" int not null default 0, "started_at" timestamptz(3) not null, "ended_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(
      `create unique index "sys_tenant_migration_runs_live_unique" on "sys_tenant_migration_runs" ("live_key") where state in ('running', 'interrupted');`,
    );

    this.addSql(
      `create table "sys_tenant_migrations" ("run_id" varchar(32) not null, "tenant_id" varchar(32) not null, "wave" int not null default 0, "state" text not null default 'pending', "attempts" int not null default 0, "claim_token" int not null default 0, "runner" varchar(127) null, "leased_until" timestamptz(3) null, "available_at" timestamptz(3) not null, "from_version" varchar(255) null, "to_version" varchar(255) null, "applied" jsonb null, "error" text null, "started_at" timestamptz(3) null, "ended_at" timestamptz(3) null, primary key ("run_id", "tenant_id"));`,
    );
    this.addSql(
      `create index "sys_tenant_migrations_open_index" on "sys_tenant_migrations" ("run_id", "wave", "attempts", "tenant_id") where state in ('pending', 'running');`,
    );
    this.addSql(`create index "sys_tenant_migrations_tenant_id_index" on "sys_tenant_migrations" ("tenant_id");`);

    this.addSql(`alter table "core_tenants" add "schema_digest" varchar(16) null;`);
    this.addSql(
      `create index "core_tenants_schema_version_index" on "core_tenants" ("status", "schema_version", "schema_digest");`,
    );

    this.addSql(
      `alter table "sys_tenant_migration_runs" add constraint "sys_tenant_migration_runs_state_check" check ("state" in ('running', 'interrupted', 'completed', 'stopped', 'superseded'));`,
    );

    this.addSql(
      `alter table "sys_tenant_migrations" add constraint "sys_tenant_migrations_run_id_foreign" foreign key ("run_id") references "sys_tenant_migration_runs" ("id") on update no action on delete cascade;`,
    );
    this.addSql(
      `alter table "sys_tenant_migrations" add constraint "sys_tenant_migrations_state_check" check ("state" in ('pending', 'running', 'done', 'failed', 'skipped'));`,
    );
  }
}
