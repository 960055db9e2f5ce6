import { Migration } from '@mikro-orm/migrations';
import { billingChangesStatements } from '../../billing-changes/sqlite.sql.js';

export class Migration20261124000200_keep_entitlements extends Migration {
  override name = 'Migration20261124000200_keep_entitlements';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`core_access_standings\` (\`tenant_id\` text not null primary key, \`standing\` text check (\`standing\` in ('open', 'restricted', 'blocked')) not null, \`changed_at\` datetime not null, constraint \`core_access_standings_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on update no action on delete cascade);`,
    );
    this.addSql(`create index \`core_access_standings_tenant_id_index\` on \`core_access_standings\` (\`tenant_id\`);`);

    this.addSql(
      `create table \`core_tenant_trials\` (\`tenant_id\` text not null primary key, \`plan_id\` text not null, \`started_at\` datetime not null, \`ends_at\` datetime not null, \`entitlements\` json not null);`,
    );

    this.addSql(
      `create table \`core_usage_counters\` (\`tenant_id\` text not null, \`name\` text not null, \`used\` integer not null, primary key (\`tenant_id\`, \`name\`), constraint \`core_usage_counters_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on update no action on delete cascade, constraint \`core_usage_counters_used_check\` check (used >= 0));`,
    );
    this.addSql(`create index \`core_usage_counters_tenant_id_index\` on \`core_usage_counters\` (\`tenant_id\`);`);

    this.addSql(`alter table \`core_subscriptions\` add column \`entitlements\` json null;`);

    // What everybody has who has bought something already.
    this.addSql(
      `update core_subscriptions set entitlements = (select json_object('planId', p.id, 'features', json(p.features), 'limits', json(coalesce(p.limits, '{}')), 'tierLevel', p.tier_level) from core_pricing_plans p where p.id = core_subscriptions.plan_tier);`,
    );

    for (const statement of billingChangesStatements) this.addSql(statement);
  }
}
