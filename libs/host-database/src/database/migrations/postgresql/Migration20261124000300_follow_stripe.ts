import { Migration } from '@mikro-orm/migrations';

export class Migration20261124000300_follow_stripe extends Migration {
  override name = 'Migration20261124000300_follow_stripe';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "core_plan_prices" ("id" varchar(255) not null, "plan_id" varchar(63) not null, "interval" text null, "amount" int null, "currency" varchar(3) not null, "is_active" boolean not null default true, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "core_plan_prices_plan_id_index" on "core_plan_prices" ("plan_id");`);

    this.addSql(
      `create table "core_stripe_customers" ("id" varchar(255) not null, "tenant_id" varchar(32) not null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `alter table "core_stripe_customers" add constraint "core_stripe_customers_tenant_id_unique" unique ("tenant_id");`,
    );

    this.addSql(
      `create table "core_stripe_events" ("id" varchar(255) not null, "type" varchar(255) not null, "subject" varchar(255) null, "snapshot_event_id" varchar(255) null, "api_version" varchar(255) null, "livemode" boolean not null, "created_at" timestamptz(3) not null, "received_at" timestamptz(3) not null, "payload" jsonb not null, "status" text not null default 'received', "attempts" int not null default 0, "last_error" text null, "done_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(
      `create index "core_stripe_events_pending_index" on "core_stripe_events" ("subject") where status in ('received', 'failed');`,
    );
    this.addSql(`create index "core_stripe_events_received_at_index" on "core_stripe_events" ("received_at");`);

    this.addSql(
      `create table "core_stripe_syncs" ("subject" varchar(255) not null, "asked" int not null default 0, "applied" int not null default 0, "synced_at" timestamptz(3) null, primary key ("subject"));`,
    );

    this.addSql(
      `create table "core_checkouts" ("id" varchar(32) not null, "tenant_id" varchar(32) not null, "payment_type" text not null, "fingerprint" varchar(64) not null, "stripe_checkout_id" varchar(255) null, "url" text null, "status" text not null default 'starting', "expires_at" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "core_checkouts_tenant_id_index" on "core_checkouts" ("tenant_id");`);
    this.addSql(
      `alter table "core_checkouts" add constraint "core_checkouts_stripe_checkout_id_unique" unique ("stripe_checkout_id");`,
    );
    this.addSql(
      `create unique index "core_checkouts_under_way_unique" on "core_checkouts" ("tenant_id", "payment_type") where status in ('starting', 'open');`,
    );

    this.addSql(`alter table "core_subscriptions" drop constraint "core_subscriptions_status_check";`);
    this.addSql(
      `alter table "core_subscriptions" add "stripe_price_id" varchar(255) null, add "quantity" int null, add "currency" varchar(3) null, add "trial_start" timestamptz(3) null, add "cancel_at" timestamptz(3) null, add "canceled_at" timestamptz(3) null, add "ended_at" timestamptz(3) null, add "first_past_due_at" timestamptz(3) null, add "grace_until" timestamptz(3) null, add "is_collection_paused" boolean not null default false, add "latest_invoice_id" varchar(255) null, add "billing_mode" varchar(255) null, add "livemode" boolean null, add "stripe_checkout_id" varchar(255) null, add "stripe_payment_intent_id" varchar(255) null, add "payment_status" varchar(255) null, add "amount_refunded" int null, add "is_refunded" boolean not null default false, add "dispute" text null, add "duplicate_of" varchar(32) null, add "synced_at" timestamptz(3) null, add "version" int not null default 1;`,
    );
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_stripe_checkout_id_unique" unique ("stripe_checkout_id");`,
    );
    this.addSql(
      `create index "core_subscriptions_stripe_payment_intent_id_index" on "core_subscriptions" ("stripe_payment_intent_id");`,
    );

    // Of several that are live, the one that was first stays.
    this.addSql(
      `update core_subscriptions set duplicate_of = (select o.id from core_subscriptions o where o.tenant_id = core_subscriptions.tenant_id and o.payment_type = 'subscription' and o.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused') order by o.created_at, o.id limit 1) where payment_type = 'subscription' and status in ('trialing', 'active', 'past_due', 'unpaid', 'paused');`,
    );
    this.addSql(`update core_subscriptions set duplicate_of = null where duplicate_of = id;`);

    this.addSql(
      `create unique index "core_subscriptions_live_unique" on "core_subscriptions" ("tenant_id") where payment_type = 'subscription' and duplicate_of is null and status in ('trialing', 'active', 'past_due', 'unpaid', 'paused');`,
    );
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_dispute_check" check ("dispute" in ('open', 'won', 'lost'));`,
    );
    this.addSql(
      `alter table "core_subscriptions" add constraint "core_subscriptions_status_check" check ("status" in ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused', 'unknown'));`,
    );

    this.addSql(
      `alter table "core_plan_prices" add constraint "core_plan_prices_plan_id_foreign" foreign key ("plan_id") references "core_pricing_plans" ("id") on update no action on delete cascade;`,
    );
    this.addSql(
      `alter table "core_plan_prices" add constraint "core_plan_prices_interval_check" check ("interval" in ('month', 'year'));`,
    );

    this.addSql(
      `alter table "core_stripe_events" add constraint "core_stripe_events_status_check" check ("status" in ('received', 'done', 'ignored', 'failed', 'dead'));`,
    );

    this.addSql(`alter table "core_stripe_syncs" add constraint "core_stripe_syncs_applied_check" check (applied <= asked);`);

    this.addSql(
      `alter table "core_checkouts" add constraint "core_checkouts_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on update no action on delete cascade;`,
    );
    this.addSql(
      `alter table "core_checkouts" add constraint "core_checkouts_payment_type_check" check ("payment_type" in ('subscription', 'one_time'));`,
    );
    this.addSql(
      `alter table "core_checkouts" add constraint "core_checkouts_status_check" check ("status" in ('starting', 'open', 'complete', 'expired'));`,
    );

    // The prices that plans have.
    this.addSql(
      `insert into core_plan_prices (id, plan_id, interval, amount, currency, is_active, created_at) select stripe_price_monthly, id, 'month', amount_monthly, currency, is_active, created_at from core_pricing_plans where stripe_price_monthly is not null;`,
    );
    this.addSql(
      `insert into core_plan_prices (id, plan_id, interval, amount, currency, is_active, created_at) select stripe_price_yearly, id, 'year', amount_yearly, currency, is_active, created_at from core_pricing_plans where stripe_price_yearly is not null on conflict do nothing;`,
    );
  }
}
