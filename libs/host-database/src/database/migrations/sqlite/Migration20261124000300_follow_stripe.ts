import { Migration } from '@mikro-orm/migrations';
import { billingTriggersOn } from '../../billing-changes/sqlite.sql.js';

export class Migration20261124000300_follow_stripe extends Migration {
  override name = 'Migration20261124000300_follow_stripe';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`core_plan_prices\` (\`id\` text not null primary key, \`plan_id\` text not null, \`interval\` text check (\`interval\` in ('month', 'year')) null, \`amount\` integer null, \`currency\` text not null, \`is_active\` integer not null default true, \`created_at\` datetime not null, constraint \`core_plan_prices_plan_id_foreign\` foreign key (\`plan_id\`) references \`core_pricing_plans\` (\`id\`) on update no action on delete cascade);`,
    );
    this.addSql(`create index \`core_plan_prices_plan_id_index\` on \`core_plan_prices\` (\`plan_id\`);`);

    this.addSql(
      `create table \`core_stripe_customers\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`created_at\` datetime not null);`,
    );
    this.addSql(`create unique index \`core_stripe_customers_tenant_id_unique\` on \`core_stripe_customers\` (\`tenant_id\`);`);

    this.addSql(
      `create table \`core_stripe_events\` (\`id\` text not null primary key, \`type\` text not null, \`subject\` text null, \`snapshot_event_id\` text null, \`api_version\` text null, \`livemode\` integer not null, \`created_at\` datetime not null, \`received_at\` datetime not null, \`payload\` json not null, \`status\` text check (\`status\` in ('received', 'done', 'ignored', 'failed', 'dead')) not null default 'received', \`attempts\` integer not null default 0, \`last_error\` text null, \`done_at\` datetime null);`,
    );
    this.addSql(
      `create index \`core_stripe_events_pending_index\` on \`core_stripe_events\` (\`subject\`) where status in ('received', 'failed');`,
    );
    this.addSql(`create index \`core_stripe_events_received_at_index\` on \`core_stripe_events\` (\`received_at\`);`);

    this.addSql(
      `create table \`core_stripe_syncs\` (\`subject\` text not null primary key, \`asked\` integer not null default 0, \`applied\` integer not null default 0, \`synced_at\` datetime null, constraint \`core_stripe_syncs_applied_check\` check (applied <= asked));`,
    );

    this.addSql(
      `create table \`core_checkouts\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`payment_type\` text check (\`payment_type\` in ('subscription', 'one_time')) not null, \`fingerprint\` text not null, \`stripe_checkout_id\` text null, \`url\` text null, \`status\` text check (\`status\` in ('starting', 'open', 'complete', 'expired')) not null default 'starting', \`expires_at\` datetime null, \`created_at\` datetime not null, constraint \`core_checkouts_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on update no action on delete cascade);`,
    );
    this.addSql(`create index \`core_checkouts_tenant_id_index\` on \`core_checkouts\` (\`tenant_id\`);`);
    this.addSql(
      `create unique index \`core_checkouts_stripe_checkout_id_unique\` on \`core_checkouts\` (\`stripe_checkout_id\`);`,
    );
    this.addSql(
      `create unique index \`core_checkouts_under_way_unique\` on \`core_checkouts\` (\`tenant_id\`, \`payment_type\`) where status in ('starting', 'open');`,
    );

    // SQLite changes a check by making the table anew.
    this.addSql(
      `create table \`core_subscriptions__temp_alter\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`stripe_sub_id\` text null, \`stripe_cust_id\` text null, \`plan_tier\` text not null, \`status\` text check (\`status\` in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused', 'unknown')) not null, \`current_period_end\` datetime null, \`cancel_at_period_end\` integer not null default false, \`payment_type\` text check (\`payment_type\` in ('subscription', 'one_time')) not null default 'subscription', \`amount_cents\` integer null, \`product_name\` text null, \`trial_end\` datetime null, \`created_at\` datetime not null, \`stripe_price_id\` text null, \`quantity\` integer null, \`currency\` text null, \`trial_start\` datetime null, \`cancel_at\` datetime null, \`canceled_at\` datetime null, \`ended_at\` datetime null, \`first_past_due_at\` datetime null, \`grace_until\` datetime null, \`is_collection_paused\` integer not null default false, \`latest_invoice_id\` text null, \`billing_mode\` text null, \`livemode\` integer null, \`stripe_checkout_id\` text null, \`stripe_payment_intent_id\` text null, \`payment_status\` text null, \`amount_refunded\` integer null, \`is_refunded\` integer not null default false, \`dispute\` text check (\`dispute\` in ('open', 'won', 'lost')) null, \`duplicate_of\` text null, \`synced_at\` datetime null, \`version\` integer not null default 1, \`entitlements\` json null, constraint \`core_subscriptions_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade, constraint \`core_subscriptions_amount_cents_check\` check (amount_cents >= 0));`,
    );
    this.addSql(
      `insert into \`core_subscriptions__temp_alter\` select \`id\`, \`tenant_id\`, \`stripe_sub_id\`, \`stripe_cust_id\`, \`plan_tier\`, \`status\`, \`current_period_end\`, \`cancel_at_period_end\`, \`payment_type\`, \`amount_cents\`, \`product_name\`, \`trial_end\`, \`created_at\`, null as \`stripe_price_id\`, null as \`quantity\`, null as \`currency\`, null as \`trial_start\`, null as \`cancel_at\`, null as \`canceled_at\`, null as \`ended_at\`, null as \`first_past_due_at\`, null as \`grace_until\`, false as \`is_collection_paused\`, null as \`latest_invoice_id\`, null as \`billing_mode\`, null as \`livemode\`, null as \`stripe_checkout_id\`, null as \`stripe_payment_intent_id\`, null as \`payment_status\`, null as \`amount_refunded\`, false as \`is_refunded\`, null as \`dispute\`, null as \`duplicate_of\`, null as \`synced_at\`, 1 as \`version\`, \`entitlements\` from \`core_subscriptions\`;`,
    );
    this.addSql(`drop table \`core_subscriptions\`;`);
    this.addSql(`alter table \`core_subscriptions__temp_alter\` rename to \`core_subscriptions\`;`);
    this.addSql(`create index \`core_subscriptions_tenant_id_index\` on \`core_subscriptions\` (\`tenant_id\`);`);
    this.addSql(`create unique index \`core_subscriptions_stripe_sub_id_unique\` on \`core_subscriptions\` (\`stripe_sub_id\`);`);
    this.addSql(`create index \`core_subscriptions_stripe_cust_id_index\` on \`core_subscriptions\` (\`stripe_cust_id\`);`);
    this.addSql(
      `create unique index \`core_subscriptions_stripe_checkout_id_unique\` on \`core_subscriptions\` (\`stripe_checkout_id\`);`,
    );
    this.addSql(
      `create index \`core_subscriptions_stripe_payment_intent_id_index\` on \`core_subscriptions\` (\`stripe_payment_intent_id\`);`,
    );

    // Of several that are live, the one that was first stays.
    this.addSql(
      `update core_subscriptions set duplicate_of = (select o.id from core_subscriptions o where o.tenant_id = core_subscriptions.tenant_id and o.payment_type = 'subscription' and o.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused') order by o.created_at, o.id limit 1) where payment_type = 'subscription' and status in ('trialing', 'active', 'past_due', 'unpaid', 'paused');`,
    );
    this.addSql(`update core_subscriptions set duplicate_of = null where duplicate_of = id;`);

    this.addSql(
      `create unique index \`core_subscriptions_live_unique\` on \`core_subscriptions\` (\`tenant_id\`) where payment_type = 'subscription' and duplicate_of is null and status in ('trialing', 'active', 'past_due', 'unpaid', 'paused');`,
    );

    // Triggers went with the table that they were on.
    for (const statement of billingTriggersOn('core_subscriptions')) this.addSql(statement);

    // The prices that plans have.
    this.addSql(
      `insert into core_plan_prices (id, plan_id, interval, amount, currency, is_active, created_at) select stripe_price_monthly, id, 'month', amount_monthly, currency, is_active, created_at from core_pricing_plans where stripe_price_monthly is not null;`,
    );
    this.addSql(
      `insert into core_plan_prices (id, plan_id, interval, amount, currency, is_active, created_at) select stripe_price_yearly, id, 'year', amount_yearly, currency, is_active, created_at from core_pricing_plans where stripe_price_yearly is not null on conflict do nothing;`,
    );
  }
}
