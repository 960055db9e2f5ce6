import { Migration } from '@mikro-orm/migrations';

export class Migration20261123184000_keep_fleet_ledger extends Migration {
  override name = 'Migration20261123184000_keep_fleet_ledger';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`sys_tenant_migration_runs\` (\`id\` text not null primary key, \`target\` text not null, \`live_key\` text not null, \`state\` text check (\`state\` in ('running', 'interrupted', 'completed', 'stopped', 'superseded')) not null default 'running', \`stop_reason\` text null, \`options\` json not null, \`total\` integer not null default 0, \`started_at\` datetime not null, \`ended_at\` datetime null);`,
    );
    this.addSql(
      `create unique index \`sys_tenant_migration_runs_live_unique\` on \`sys_tenant_migration_runs\` (\`live_key\`) where state in ('running', 'interrupted');`,
    );

    this.addSql(
      `create table \`sys_tenant_migrations\` (\`run_id\` text not null, \`tenant_id\` text not null, \`wave\` integer not null default 0, \`state\` text check (\`state\` in ('pending', 'running', 'done', 'failed', 'skipped')) not null default 'pending', \`attempts\` integer not null default 0, \`claim_token\` integer not null default 0, \`runner\` text null, \`leased_until\` datetime null, \`available_at\` datetime not null, \`from_version\` text null, \`to_version\` text null, \`applied\` json null, \`error\` text null, \`started_at\` datetime null, \`ended_at\` datetime null, primary key (\`run_id\`, \`tenant_id\`), constraint \`sys_tenant_migrations_run_id_foreign\` foreign key (\`run_id\`) references \`sys_tenant_migration_runs\` (\`id\`) on update no action on delete cascade);`,
    );
    this.addSql(`create index \`sys_tenant_migrations_run_id_index\` on \`sys_tenant_migrations\` (\`run_id\`);`);
    this.addSql(
      `create index \`sys_tenant_migrations_open_index\` on \`sys_tenant_migrations\` (\`run_id\`, \`wave\`, \`attempts\`, \`tenant_id\`) where state in ('pending', 'running');`,
    );
    this.addSql(`create index \`sys_tenant_migrations_tenant_id_index\` on \`sys_tenant_migrations\` (\`tenant_id\`);`);

    this.addSql(`alter table \`core_tenants\` add column \`schema_digest\` text null;`);
    this.addSql(
      `create index \`core_tenants_schema_version_index\` on \`core_tenants\` (\`status\`, \`schema_version\`, \`schema_digest\`);`,
    );
  }
}
