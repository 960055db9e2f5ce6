import { Migration } from '@mikro-orm/migrations';

export class Migration20261123000000_create_host_tables extends Migration {
  override name = 'Migration20261123000000_create_host_tables';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "core_users" ("id" varchar(32) not null, "email" varchar(254) not null, "oauth_id" varchar(255) null, "password_hash" varchar(255) null, "stripe_cust_id" varchar(255) null, "is_sys_admin" boolean not null default false, "created_at" timestamptz(3) not null, "last_login" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(`alter table "core_users" add constraint "core_users_email_unique" unique ("email");`);
    this.addSql(`alter table "core_users" add constraint "core_users_oauth_id_unique" unique ("oauth_id");`);
    this.addSql(`alter table "core_users" add constraint "core_users_stripe_cust_id_unique" unique ("stripe_cust_id");`);
    this.addSql(`alter table "core_users" add constraint "core_users_email_lower_check" check (email = lower(email));`);

    this.addSql(
      `create table "sys_audit_logs" ("id" varchar(32) not null, "actor_user_id" varchar(32) null, "event_type" varchar(127) not null, "target_id" varchar(255) null, "details" jsonb null, "ip_address" varchar(45) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_audit_logs_target_id_created_at_index" on "sys_audit_logs" ("target_id", "created_at");`);
    this.addSql(
      `create index "sys_audit_logs_actor_user_id_created_at_index" on "sys_audit_logs" ("actor_user_id", "created_at");`,
    );
    this.addSql(`create index "sys_audit_logs_event_type_created_at_index" on "sys_audit_logs" ("event_type", "created_at");`);

    this.addSql(
      `create table "core_pricing_plans" ("id" varchar(63) not null, "name" varchar(255) not null, "description" text null, "stripe_price_monthly" varchar(255) null, "stripe_price_yearly" varchar(255) null, "amount_monthly" int null, "amount_yearly" int null, "currency" varchar(3) not null default 'usd', "trial_days" int not null default 30, "features" jsonb not null, "tier_level" int not null default 1, "is_active" boolean not null default true, "sort_order" int not null default 0, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `alter table "core_pricing_plans" add constraint "core_pricing_plans_stripe_price_monthly_unique" unique ("stripe_price_monthly");`,
    );
    this.addSql(
      `alter table "core_pricing_plans" add constraint "core_pricing_plans_stripe_price_yearly_unique" unique ("stripe_price_yearly");`,
    );
    this.addSql(
      `alter table "core_pricing_plans" add constraint "core_pricing_plans_amount_monthly_check" check (amount_monthly >= 0);`,
    );
    this.addSql(
      `alter table "core_pricing_plans" add constraint "core_pricing_plans_amount_yearly_check" check (amount_yearly >= 0);`,
    );
    this.addSql(`alter table "core_pricing_plans" add constraint "core_pricing_plans_trial_days_check" check (trial_days >= 0);`);
    this.addSql(
      `alter table "core_pricing_plans" add constraint "core_pricing_plans_currency_check" check (length(currency) = 3 and currency = lower(currency));`,
    );

    this.addSql(
      `create table "sys_jobs" ("id" varchar(32) not null, "job_type" varchar(127) not null, "tenant_id" varchar(32) null, "status" text not null default 'pending', "payload" jsonb null, "error_log" text null, "claim_token" int not null default 0, "lease_expires_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "completed_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_jobs_tenant_id_index" on "sys_jobs" ("tenant_id");`);
    this.addSql(`create index "sys_jobs_status_id_index" on "sys_jobs" ("status", "id");`);
    this.addSql(`create index "sys_jobs_lease_expires_at_index" on "sys_jobs" ("lease_expires_at");`);
    this.addSql(
      `alter table "sys_jobs" add constraint "sys_jobs_status_check" check ("status" in ('pending', 'running', 'completed', 'failed'));`,
    );

    this.addSql(
      `create table "core_tenants" ("id" varchar(32) not null, "name" varchar(255) not null, "slug" varchar(63) null, "db_url" varchar(2048) null, "mode" text not null default 'database', "server" varchar(63) null, "generation" int not null default 1, "schema_version" varchar(255) null, "status" text not null default 'provisioning', "is_active" boolean not null default false, "status_changed_at" timestamptz(3) not null, "delete_after" timestamptz(3) null, "plan_tier" varchar(255) not null default 'free', "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`alter table "core_tenants" add constraint "core_tenants_slug_unique" unique ("slug");`);
    this.addSql(`alter table "core_tenants" add constraint "core_tenants_db_url_unique" unique ("db_url");`);
    this.addSql(
      `alter table "core_tenants" add constraint "core_tenants_is_active_check" check (not is_active or (status = 'active' and db_url is not null));`,
    );
    this.addSql(
      `alter table "core_tenants" add constraint "core_tenants_status_check" check ("status" in ('provisioning', 'active', 'suspended', 'archived', 'pending_deletion', 'deleted', 'failed'));`,
    );
    this.addSql(`alter table "core_tenants" add constraint "core_tenants_mode_check" check ("mode" in ('database', 'schema'));`);

    this.addSql(
      `create table "core_subscriptions" ("id" varchar(32) not null, "tenant_id" varchar(32) not null, "stripe_sub_id" varchar(255) null, "stripe_cust_id" varchar(255) null, "plan_tier" varchar(255) not null, "status" text not null, "current_period_end" timestamptz(3) null, "cancel_at_period_end" boolean not null default false, "payment_type" text not null default 'subscription', "amount_cents" int null, "product_name" varchar(255) null, "trial_end" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "core_subscriptions_tenant_id_index" on "core_subscriptions" ("tenant_id");`);
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_stripe_sub_id_unique" unique ("stripe_sub_id");`,
    );
    this.addSql(`create index "core_subscriptions_stripe_cust_id_index" on "core_subscriptions" ("stripe_cust_id");`);
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_amount_cents_check" check (amount_cents >= 0);`,
    );
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_status_check" check ("status" in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused'));`,
    );
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_payment_type_check" check ("payment_type" in ('subscription', 'one_time'));`,
    );

    this.addSql(
      `create table "core_memberships" ("id" varchar(32) not null, "user_id" varchar(32) not null, "tenant_id" varchar(32) not null, "profile_id" varchar(255) null, "meta_attributes" jsonb null, "role" text not null default 'member', "is_active" boolean not null default true, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "core_memberships_tenant_id_index" on "core_memberships" ("tenant_id");`);
    this.addSql(
      `alter table "core_memberships" add constraint "core_memberships_user_id_tenant_id_unique" unique ("user_id", "tenant_id");`,
    );
    this.addSql(
      `alter table "core_memberships" add constraint "core_memberships_role_check" check ("role" in ('owner', 'admin', 'member'));`,
    );

    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on delete cascade;`,
    );

    this.addSql(
      `alter table "core_memberships" add constraint "core_memberships_user_id_foreign" foreign key ("user_id") references "core_users" ("id") on delete cascade;`,
    );
    this.addSql(
      `alter table "core_memberships" add constraint "core_memberships_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on delete cascade;`,
    );
  }
}
