import { Migration } from '@mikro-orm/migrations';

export class Migration20261123191000_sign_people_in extends Migration {
  override name = 'Migration20261123191000_sign_people_in';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`sys_password_backoffs\` (\`email_hash\` text not null primary key, \`failures\` integer not null, \`blocked_until\` datetime not null, \`expires_at\` datetime not null);`,
    );
    this.addSql(`create index \`sys_password_backoffs_expires_at_index\` on \`sys_password_backoffs\` (\`expires_at\`);`);

    this.addSql(
      `create table \`sys_sign_in_flows\` (\`id\` text not null primary key, \`state_hash\` text not null, \`binding_hash\` text not null, \`provider\` text not null, \`nonce\` text null, \`code_verifier\` text not null, \`return_to\` text not null, \`link_to_user_id\` text null, \`expires_at\` datetime not null, \`created_at\` datetime not null);`,
    );
    this.addSql(`create unique index \`sys_sign_in_flows_state_hash_unique\` on \`sys_sign_in_flows\` (\`state_hash\`);`);
    this.addSql(`create index \`sys_sign_in_flows_expires_at_index\` on \`sys_sign_in_flows\` (\`expires_at\`);`);

    this.addSql(
      `create table \`sys_impersonations\` (\`id\` text not null primary key, \`admin_user_id\` text not null, \`user_id\` text not null, \`tenant_id\` text not null, \`reason\` text not null, \`started_at\` datetime not null, \`expires_at\` datetime not null, \`ended_at\` datetime null, constraint \`sys_impersonations_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`sys_impersonations_admin_user_id_index\` on \`sys_impersonations\` (\`admin_user_id\`);`);
    this.addSql(`create index \`sys_impersonations_user_id_index\` on \`sys_impersonations\` (\`user_id\`);`);
    this.addSql(`create index \`sys_impersonations_tenant_id_index\` on \`sys_impersonations\` (\`tenant_id\`);`);

    this.addSql(
      `create table \`sys_sessions\` (\`id\` text not null primary key, \`user_id\` text not null, \`transport\` text check (\`transport\` in ('cookie', 'bearer')) not null, \`token_hash\` text not null, \`previous_token_hash\` text null, \`rotated_at\` datetime not null, \`last_seen_at\` datetime not null, \`idle_expires_at\` datetime not null, \`expires_at\` datetime not null, \`revoked_at\` datetime null, \`impersonation_id\` text null, \`ip_address\` text null, \`user_agent\` text null, \`created_at\` datetime not null, constraint \`sys_sessions_user_id_foreign\` foreign key (\`user_id\`) references \`core_users\` (\`id\`) on delete cascade, constraint \`sys_sessions_impersonation_id_foreign\` foreign key (\`impersonation_id\`) references \`sys_impersonations\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`sys_sessions_user_id_index\` on \`sys_sessions\` (\`user_id\`);`);
    this.addSql(`create unique index \`sys_sessions_token_hash_unique\` on \`sys_sessions\` (\`token_hash\`);`);
    this.addSql(`create unique index \`sys_sessions_previous_token_hash_unique\` on \`sys_sessions\` (\`previous_token_hash\`);`);
    this.addSql(`create index \`sys_sessions_expires_at_index\` on \`sys_sessions\` (\`expires_at\`);`);
    this.addSql(`create index \`sys_sessions_impersonation_id_index\` on \`sys_sessions\` (\`impersonation_id\`);`);

    this.addSql(
      `create table \`core_roles\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`name\` text not null, \`permissions\` json not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, constraint \`core_roles_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`core_roles_tenant_id_index\` on \`core_roles\` (\`tenant_id\`);`);
    this.addSql(`create unique index \`core_roles_tenant_id_name_unique\` on \`core_roles\` (\`tenant_id\`, \`name\`);`);

    this.addSql(
      `create table \`core_invitations\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`email\` text not null, \`role\` text check (\`role\` in ('owner', 'admin', 'member')) not null, \`custom_role_id\` text null, \`token_hash\` text not null, \`invited_by\` text not null, \`expires_at\` datetime not null, \`send_count\` integer not null default 1, \`sent_at\` datetime not null, \`accepted_at\` datetime null, \`accepted_by\` text null, \`revoked_at\` datetime null, \`declined_at\` datetime null, \`created_at\` datetime not null, constraint \`core_invitations_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade, constraint \`core_invitations_custom_role_id_foreign\` foreign key (\`custom_role_id\`) references \`core_roles\` (\`id\`) on delete no action);`,
    );
    this.addSql(`create index \`core_invitations_tenant_id_index\` on \`core_invitations\` (\`tenant_id\`);`);
    this.addSql(`create index \`core_invitations_custom_role_id_index\` on \`core_invitations\` (\`custom_role_id\`);`);
    this.addSql(`create unique index \`core_invitations_token_hash_unique\` on \`core_invitations\` (\`token_hash\`);`);
    this.addSql(`create index \`core_invitations_tenant_id_id_index\` on \`core_invitations\` (\`tenant_id\`, \`id\`);`);
    this.addSql(
      `create unique index \`core_invitations_open_unique\` on \`core_invitations\` (\`tenant_id\`, \`email\`) where accepted_at is null and revoked_at is null and declined_at is null;`,
    );

    this.addSql(
      `create table \`core_user_identities\` (\`id\` text not null primary key, \`user_id\` text not null, \`provider\` text not null, \`subject\` text not null, \`email\` text null, \`created_at\` datetime not null, \`last_used_at\` datetime null, constraint \`core_user_identities_user_id_foreign\` foreign key (\`user_id\`) references \`core_users\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`core_user_identities_user_id_index\` on \`core_user_identities\` (\`user_id\`);`);
    this.addSql(
      `create unique index \`core_user_identities_provider_subject_unique\` on \`core_user_identities\` (\`provider\`, \`subject\`);`,
    );

    this.addSql(
      `create table \`core_user_tokens\` (\`id\` text not null primary key, \`user_id\` text not null, \`purpose\` text check (\`purpose\` in ('verify-email', 'reset-password')) not null, \`token_hash\` text not null, \`email\` text not null, \`expires_at\` datetime not null, \`used_at\` datetime null, \`created_at\` datetime not null, constraint \`core_user_tokens_user_id_foreign\` foreign key (\`user_id\`) references \`core_users\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`core_user_tokens_user_id_index\` on \`core_user_tokens\` (\`user_id\`);`);
    this.addSql(`create unique index \`core_user_tokens_token_hash_unique\` on \`core_user_tokens\` (\`token_hash\`);`);
    this.addSql(`create index \`core_user_tokens_expires_at_index\` on \`core_user_tokens\` (\`expires_at\`);`);

    this.addSql(`alter table \`core_users\` add column \`email_verified_at\` datetime null;`);
    this.addSql(`alter table \`core_users\` add column \`deactivated_at\` datetime null;`);

    this.addSql(`alter table \`core_pricing_plans\` add column \`limits\` json null;`);

    this.addSql(
      `alter table \`core_memberships\` add column \`custom_role_id\` text null constraint \`core_memberships_custom_role_id_foreign\` references \`core_roles\` (\`id\`) on delete no action;`,
    );
    this.addSql(`create index \`core_memberships_custom_role_id_index\` on \`core_memberships\` (\`custom_role_id\`);`);
  }
}
