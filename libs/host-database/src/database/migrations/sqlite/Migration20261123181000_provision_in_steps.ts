import { Migration } from '@mikro-orm/migrations';

export class Migration20261123181000_provision_in_steps extends Migration {
  override name = 'Migration20261123181000_provision_in_steps';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`sys_tenant_provisionings\` (\`tenant_id\` text not null primary key, \`state\` text check (\`state\` in ('pending', 'running', 'compensating', 'succeeded', 'failed')) not null default 'pending', \`is_warm\` integer not null default false, \`token\` integer not null default 0, \`run\` integer not null default 1, \`job_id\` text null, \`owner_id\` text null, \`wanted\` json null, \`failures\` integer not null default 0, \`failed_step\` text null, \`reason\` text null, \`created_at\` datetime not null, \`ended_at\` datetime null);`,
    );
    this.addSql(
      `create index \`sys_tenant_provisionings_open_index\` on \`sys_tenant_provisionings\` (\`state\`) where state in ('pending', 'running', 'compensating');`,
    );

    this.addSql(
      `create table \`sys_tenant_provisioning_steps\` (\`tenant_id\` text not null, \`step\` text not null, \`status\` text check (\`status\` in ('pending', 'running', 'done', 'failed', 'compensating', 'compensated', 'left')) not null default 'running', \`attempts\` integer not null default 0, \`compensations\` integer not null default 0, \`result\` json null, \`error\` text null, \`started_at\` datetime not null, \`finished_at\` datetime null, primary key (\`tenant_id\`, \`step\`));`,
    );

    this.addSql(
      `create table \`sys_tenant_requests\` (\`idempotency_key\` text not null primary key, \`tenant_id\` text not null, \`fingerprint\` text not null, \`created_at\` datetime not null);`,
    );

    this.addSql(
      `create table \`sys_warm_tenants\` (\`id\` text not null primary key, \`status\` text check (\`status\` in ('preparing', 'ready', 'dropping')) not null default 'preparing', \`db_url\` text null, \`db_url_hash\` text null, \`mode\` text check (\`mode\` in ('database', 'schema')) not null default 'database', \`server\` text null, \`schema_version\` text null, \`schema_digest\` text null, \`made_by\` text null, \`created_at\` datetime not null);`,
    );
    this.addSql(`create index \`sys_warm_tenants_status_index\` on \`sys_warm_tenants\` (\`status\`, \`created_at\`);`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`sys_tenant_provisionings\`;`);
    this.addSql(`drop table if exists \`sys_tenant_provisioning_steps\`;`);
    this.addSql(`drop table if exists \`sys_tenant_requests\`;`);
    this.addSql(`drop table if exists \`sys_warm_tenants\`;`);
  }
}
