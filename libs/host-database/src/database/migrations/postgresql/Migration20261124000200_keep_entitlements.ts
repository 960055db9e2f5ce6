import { Migration } from '@mikro-orm/migrations';
import { billingChangesStatements } from '../../billing-changes/postgresql.sql.js';

export class Migration20261124000200_keep_entitlements extends Migration {
  override name = 'Migration20261124000200_keep_entitlements';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "core_access_standings" ("tenant_id" varchar(32) not null, "standing" text not null, "changed_at" timestamptz(3) not null, primary key ("tenant_id"));`,
    );

    this.addSql(
      `create table "core_tenant_trials" ("tenant_id" varchar(32) not null, "plan_id" varchar(63) not null, "started_at" timestamptz(3) not null, "ends_at" timestamptz(3) not null, "entitlements" jsonb not null, primary key ("tenant_id"));`,
    );

    this.addSql(
      `create table "core_usage_counters" ("tenant_id" varchar(32) not null, "name" varchar(80) not null, "used" int not null, primary key ("tenant_id", "name"));`,
    );

    this.addSql(`alter table "core_subscriptions" add "entitlements" jsonb null;`);

    this.addSql(
      `alter table "core_access_standings" add constraint "core_access_standings_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on update no action on delete cascade;`,
    );
    this.addSql(
      `alter table "core_access_standings" add constraint "core_access_standings_standing_check" check ("standing" in ('open', 'restricted', 'blocked'));`,
    );

    this.addSql(
      `alter table "core_usage_counters" add constraint "core_usage_counters_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on update no action on delete cascade;`,
    );
    this.addSql(`alter table "core_usage_counters" add constraint "core_usage_counters_used_check" check (used >= 0);`);

    // What everybody has who has bought something already.
    this.addSql(
      `update core_subscriptions s set entitlements = jsonb_build_object('planId', p.id, 'features', p.features, 'limits', coalesce(p.limits, '{}'::jsonb), 'tierLevel', p.tier_level) from core_pricing_plans p where p.id = s.plan_tier;`,
    );

    for (const statement of billingChangesStatements) this.addSql(statement);
  }
}
