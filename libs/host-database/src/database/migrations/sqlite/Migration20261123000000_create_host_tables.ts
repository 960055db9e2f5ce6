import { Migration } from '@mikro-orm/migrations';

export class Migration20261123000000_create_host_tables extends Migration {
  override name = 'Migration20261123000000_create_host_tables';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`core_users\` (\`id\` text not null primary key, \`email\` text not null, \`oauth_id\` text null, \`password_hash\` text null, \`stripe_cust_id\` text null, \`is_sys_admin\` integer not null default false, \`created_at\` datetime not null, \`last_login\` datetime null, constraint \`core_users_email_lower_check\` check (email = lower(email)));`,
    );
    this.addSql(`create unique index \`core_users_email_unique\` on \`core_users\` (\`email\`);`);
    this.addSql(`create unique index \`core_users_oauth_id_unique\` on \`core_users\` (\`oauth_id\`);`);
    this.addSql(`create unique index \`core_users_stripe_cust_id_unique\` on \`core_users\` (\`stripe_cust_id\`);`);

    this.addSql(
      `create table \`sys_audit_logs\` (\`id\` text not null primary key, \`actor_user_id\` text null, \`event_type\` text not null, \`target_id\` text null, \`details\` json null, \`ip_address\` text null, \`created_at\` datetime not null);`,
    );
    this.addSql(
      `create index \`sys_audit_logs_target_id_created_at_index\` on \`sys_audit_logs\` (\`target_id\`, \`created_at\`);`,
    );
    this.addSql(
      `create index \`sys_audit_logs_actor_user_id_created_at_index\` on \`sys_audit_logs\` (\`actor_user_id\`, \`created_at\`);`,
    );
    this.addSql(
      `create index \`sys_audit_logs_event_type_created_at_index\` on \`sys_audit_logs\` (\`event_type\`, \`created_at\`);`,
    );

    this.addSql(
      `create table \`core_pricing_plans\` (\`id\` text not null primary key, \`name\` text not null, \`description\` text null, \`stripe_price_monthly\` text null, \`stripe_price_yearly\` text null, \`amount_monthly\` integer null, \`amount_yearly\` integer null, \`currency\` text not null default 'usd', \`trial_days\` integer not null default 30, \`features\` json not null, \`tier_level\` integer not null default 1, \`is_active\` integer not null default true, \`sort_order\` integer not null default 0, \`created_at\` datetime not null, constraint \`core_pricing_plans_amount_monthly_check\` check (amount_monthly >= 0), constraint \`core_pricing_plans_amount_yearly_check\` check (amount_yearly >= 0), constraint \`core_pricing_plans_trial_days_check\` check (trial_days >= 0), constraint \`core_pricing_plans_currency_check\` check (length(currency) = 3 and currency = lower(currency)));`,
    );
    this.addSql(
      `create unique index \`core_pricing_plans_stripe_price_monthly_unique\` on \`core_pricing_plans\` (\`stripe_price_monthly\`);`,
    );
    this.addSql(
      `create unique index \`core_pricing_plans_stripe_price_yearly_unique\` on \`core_pricing_plans\` (\`stripe_price_yearly\`);`,
    );

    this.addSql(
      `create table \`sys_jobs\` (\`id\` text not null primary key, \`job_type\` text not null, \`tenant_id\` text null, \`status\` text check (\`status\` in ('pending', 'running', 'completed', 'failed')) not null default 'pending', \`payload\` json null, \`error_log\` text null, \`claim_token\` integer not null default 0, \`lease_expires_at\` datetime null, \`created_at\` datetime not null, \`completed_at\` datetime null);`,
    );
    this.addSql(`create index \`sys_jobs_tenant_id_index\` on \`sys_jobs\` (\`tenant_id\`);`);
    this.addSql(`create index \`sys_jobs_status_id_index\` on \`sys_jobs\` (\`status\`, \`id\`);`);
    this.addSql(`create index \`sys_jobs_lease_expires_at_index\` on \`sys_jobs\` (\`lease_expires_at\`);`);

    this.addSql(
      `create table \`core_tenants\` (\`id\` text not null primary key, \`name\` text not null, \`slug\` text null, \`db_url\` text null, \`mode\` text check (\`mode\` in ('database', 'schema')) not null default 'database', \`server\` text null, \`generation\` integer not null default 1, \`schema_version\` text null, \`status\` text check (\`status\` in ('provisioning', 'active', 'suspended', 'archived', 'pending_deletion', 'deleted', 'failed')) not null default 'provisioning', \`is_active\` integer not null default false, \`status_changed_at\` datetime not null, \`delete_after\` datetime null, \`plan_tier\` text not null default 'free', \`created_at\` datetime not null, constraint \`core_tenants_is_active_check\` check (not is_active or (status = 'active' and db_url is not null)));`,
    );
    this.addSql(`create unique index \`core_tenants_slug_unique\` on \`core_tenants\` (\`slug\`);`);
    this.addSql(`create unique index \`core_tenants_db_url_unique\` on \`core_tenants\` (\`db_url\`);`);

    this.addSql(
      `create table \`core_subscriptions\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`stripe_sub_id\` text null, \`stripe_cust_id\` text null, \`plan_tier\` text not null, \`status\` text check (\`status\` in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused')) not null, \`current_period_end\` datetime null, \`cancel_at_period_end\` integer not null default false, \`payment_type\` text check (\`payment_type\` in ('subscription', 'one_time')) not null default 'subscription', \`amount_cents\` integer null, \`product_name\` text null, \`trial_end\` datetime null, \`created_at\` datetime not null, constraint \`core_subscriptions_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade, constraint \`core_subscriptions_amount_cents_check\` check (amount_cents >= 0));`,
    );
    this.addSql(`create index \`core_subscriptions_tenant_id_index\` on \`core_subscriptions\` (\`tenant_id\`);`);
    this.addSql(`create unique index \`core_subscriptions_stripe_sub_id_unique\` on \`core_subscriptions\` (\`stripe_sub_id\`);`);
    this.addSql(`create index \`core_subscriptions_stripe_cust_id_index\` on \`core_subscriptions\` (\`stripe_cust_id\`);`);

    this.addSql(
      `create table \`core_memberships\` (\`id\` text not null primary key, \`user_id\` text not null, \`tenant_id\` text not null, \`profile_id\` text null, \`meta_attributes\` json null, \`role\` text check (\`role\` in ('owner', 'admin', 'member')) not null default 'member', \`is_active\` integer not null default true, \`created_at\` datetime not null, constraint \`core_memberships_user_id_foreign\` foreign key (\`user_id\`) references \`core_users\` (\`id\`) on delete cascade, constraint \`core_memberships_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`core_memberships_user_id_index\` on \`core_memberships\` (\`user_id\`);`);
    this.addSql(`create index \`core_memberships_tenant_id_index\` on \`core_memberships\` (\`tenant_id\`);`);
    this.addSql(
      `create unique index \`core_memberships_user_id_tenant_id_unique\` on \`core_memberships\` (\`user_id\`, \`tenant_id\`);`,
    );
  }
}
