import { Migration } from '@mikro-orm/migrations';

export class Migration20261123191000_sign_people_in extends Migration {
  override name = 'Migration20261123191000_sign_people_in';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "sys_password_backoffs" ("email_hash" varchar(64) not null, "failures" int not null, "blocked_until" timestamptz(3) not null, "expires_at" timestamptz(3) not null, primary key ("email_hash"));`,
    );
    this.addSql(`create index "sys_password_backoffs_expires_at_index" on "sys_password_backoffs" ("expires_at");`);

    this.addSql(
      `create table "sys_sign_in_flows" ("id" varchar(32) not null, "state_hash" varchar(64) not null, "binding_hash" varchar(64) not null, "provider" varchar(63) not null, "nonce" varchar(128) null, "code_verifier" varchar(128) not null, "return_to" varchar(2048) not null, "link_to_user_id" varchar(32) null, "expires_at" timestamptz(3) not null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`alter table "sys_sign_in_flows" add constraint "sys_sign_in_flows_state_hash_unique" unique ("state_hash");`);
    this.addSql(`create index "sys_sign_in_flows_expires_at_index" on "sys_sign_in_flows" ("expires_at");`);

    this.addSql(
      `create table "sys_impersonations" ("id" varchar(32) not null, "admin_user_id" varchar(32) not null, "user_id" varchar(32) not null, "tenant_id" varchar(32) not null, "reason" varchar(500) not null, "started_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "ended_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_impersonations_admin_user_id_index" on "sys_impersonations" ("admin_user_id");`);
    this.addSql(`create index "sys_impersonations_user_id_index" on "sys_impersonations" ("user_id");`);
    this.addSql(`create index "sys_impersonations_tenant_id_index" on "sys_impersonations" ("tenant_id");`);

    this.addSql(
      `create table "sys_sessions" ("id" varchar(32) not null, "user_id" varchar(32) not null, "transport" text not null, "token_hash" varchar(64) not null, "previous_token_hash" varchar(64) null, "rotated_at" timestamptz(3) not null, "last_seen_at" timestamptz(3) not null, "idle_expires_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "revoked_at" timestamptz(3) null, "impersonation_id" varchar(32) null, "ip_address" varchar(45) null, "user_agent" varchar(512) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_sessions_user_id_index" on "sys_sessions" ("user_id");`);
    this.addSql(`alter table "sys_sessions" add constraint "sys_sessions_token_hash_unique" unique ("token_hash");`);
    this.addSql(
      `alter table "sys_sessions" add constraint "sys_sessions_previous_token_hash_unique" unique ("previous_token_hash");`,
    );
    this.addSql(`create index "sys_sessions_expires_at_index" on "sys_sessions" ("expires_at");`);

    this.addSql(
      `create table "core_roles" ("id" varchar(32) not null, "tenant_id" varchar(32) not null, "name" varchar(63) not null, "permissions" jsonb not null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`alter table "core_roles" add constraint "core_roles_tenant_id_name_unique" unique ("tenant_id", "name");`);

    this.addSql(
      `create table "core_invitations" ("id" varchar(32) not null, "tenant_id" varchar(32) not null, "email" varchar(254) not null, "role" text not null, "custom_role_id" varchar(32) null, "token_hash" varchar(64) not null, "invited_by" varchar(32) not null, "expires_at" timestamptz(3) not null, "send_count" int not null default 1, "sent_at" timestamptz(3) not null, "accepted_at" timestamptz(3) null, "accepted_by" varchar(32) null, "revoked_at" timestamptz(3) null, "declined_at" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`alter table "core_invitations" add constraint "core_invitations_token_hash_unique" unique ("token_hash");`);
    this.addSql(`create index "core_invitations_tenant_id_id_index" on "core_invitations" ("tenant_id", "id");`);
    this.addSql(
      `create unique index "core_invitations_open_unique" on "core_invitations" ("tenant_id", "email") where accepted_at is null and revoked_at is null and declined_at is null;`,
    );

    this.addSql(
      `create table "core_user_identities" ("id" varchar(32) not null, "user_id" varchar(32) not null, "provider" varchar(255) not null, "subject" varchar(255) not null, "email" varchar(254) null, "created_at" timestamptz(3) not null, "last_used_at" timestamptz(3) null, primary key ("id"));`,
    );
    this.addSql(`create index "core_user_identities_user_id_index" on "core_user_identities" ("user_id");`);
    this.addSql(
      `alter table "core_user_identities" add constraint "core_user_identities_provider_subject_unique" unique ("provider", "subject");`,
    );

    this.addSql(
      `create table "core_user_tokens" ("id" varchar(32) not null, "user_id" varchar(32) not null, "purpose" text not null, "token_hash" varchar(64) not null, "email" varchar(254) not null, "expires_at" timestamptz(3) not null, "used_at" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "core_user_tokens_user_id_index" on "core_user_tokens" ("user_id");`);
    this.addSql(`alter table "core_user_tokens" add constraint "core_user_tokens_token_hash_unique" unique ("token_hash");`);
    this.addSql(`create index "core_user_tokens_expires_at_index" on "core_user_tokens" ("expires_at");`);

    this.addSql(
      `alter table "core_users" add "email_verified_at" timestamptz(3) null, add "deactivated_at" timestamptz(3) null;`,
    );

    this.addSql(`alter table "core_pricing_plans" add "limits" jsonb null;`);

    this.addSql(`alter table "core_memberships" add "custom_role_id" varchar(32) null;`);
    this.addSql(
      `alter table "core_memberships" add constraint "core_memberships_custom_role_id_foreign" foreign key ("custom_role_id") references "core_roles" ("id") on delete no action;`,
    );
    this.addSql(`create index "core_memberships_custom_role_id_index" on "core_memberships" ("custom_role_id");`);

    this.addSql(
      `alter table "sys_impersonations" add constraint "sys_impersonations_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on delete cascade;`,
    );

    this.addSql(
      `alter table "sys_sessions" add constraint "sys_sessions_user_id_foreign" foreign key ("user_id") references "core_users" ("id") on delete cascade;`,
    );
    this.addSql(
      `alter table "sys_sessions" add constraint "sys_sessions_impersonation_id_foreign" foreign key ("impersonation_id") references "sys_impersonations" ("id") on delete cascade;`,
    );
    this.addSql(
      `alter table "sys_sessions" add constraint "sys_sessions_transport_check" check ("transport" in ('cookie', 'bearer'));`,
    );

    this.addSql(
      `alter table "core_roles" add constraint "core_roles_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on delete cascade;`,
    );

    this.addSql(
      `alter table "core_invitations" add constraint "core_invitations_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on delete cascade;`,
    );
    this.addSql(
      `alter table "core_invitations" add constraint "core_invitations_custom_role_id_foreign" foreign key ("custom_role_id") references "core_roles" ("id") on delete no action;`,
    );
    this.addSql(
      `alter table "core_invitations" add constraint "core_invitations_role_check" check ("role" in ('owner', 'admin', 'member'));`,
    );

    this.addSql(
      `alter table "core_user_identities" add constraint "core_user_identities_user_id_foreign" foreign key ("user_id") references "core_users" ("id") on delete cascade;`,
    );

    this.addSql(
      `alter table "core_user_tokens" add constraint "core_user_tokens_user_id_foreign" foreign key ("user_id") references "core_users" ("id") on delete cascade;`,
    );
    this.addSql(
      `alter table "core_user_tokens" add constraint "core_user_tokens_purpose_check" check ("purpose" in ('verify-email', 'reset-password'));`,
    );
  }
}
