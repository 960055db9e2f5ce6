import { Migration } from '@mikro-orm/migrations';
import { appendOnlyStatements } from '../../append-only/sqlite.sql.js';

export class Migration20261123150000_seal_audit_log extends Migration {
  override name = 'Migration20261123150000_seal_audit_log';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`sys_audit_anchorings\` (\`checkpoint_id\` text not null, \`anchor\` text not null, \`anchored_at\` datetime not null, primary key (\`checkpoint_id\`, \`anchor\`)) without rowid;`,
    );

    this.addSql(
      `create table \`sys_audit_checkpoints\` (\`id\` text not null primary key, \`scope\` text not null, \`seq\` integer not null, \`size\` integer not null, \`first_id\` text not null, \`last_id\` text not null, \`body\` text not null, \`hash\` text not null, \`key_id\` text not null, \`signature\` text not null, \`manifest\` text not null, \`sealed_at\` datetime not null) without rowid;`,
    );
    this.addSql(
      `create index \`sys_audit_checkpoints_scope_last_id_index\` on \`sys_audit_checkpoints\` (\`scope\`, \`last_id\`);`,
    );
    this.addSql(
      `create unique index \`sys_audit_checkpoints_scope_seq_unique\` on \`sys_audit_checkpoints\` (\`scope\`, \`seq\`);`,
    );

    this.addSql(
      `create table \`sys_audit_legal_holds\` (\`id\` text not null primary key, \`tenant_id\` text null, \`reason\` text not null, \`placed_at\` datetime not null, \`released_at\` datetime null);`,
    );

    this.addSql(
      `create table \`sys_audit_purges\` (\`id\` text not null primary key, \`purged_through\` text not null, \`rows\` integer not null, \`purged_at\` datetime not null) without rowid;`,
    );
    this.addSql(`create index \`sys_audit_purges_purged_through_index\` on \`sys_audit_purges\` (\`purged_through\`);`);

    this.addSql(
      `create table \`sys_audit_subject_keys\` (\`subject_id\` text not null primary key, \`wrapped_key\` text null, \`created_at\` datetime not null, \`erased_at\` datetime null);`,
    );

    this.addSql(`create table \`sys_audit_unsealed\` (\`log_id\` text not null primary key, \`scope\` text not null);`);

    // Another table, as on PostgreSQL. What unpublished versions have recorded was never sealed, and goes with it.
    this.addSql(`drop table \`sys_audit_logs\`;`);
    this.addSql(
      `create table \`sys_audit_logs\` (\`id\` text not null primary key, \`tenant_id\` text null, \`actor_user_id\` text null, \`impersonator_user_id\` text null, \`event_type\` text not null, \`schema_version\` integer not null default 1, \`outcome\` text check (\`outcome\` in ('success', 'failure', 'denied')) not null default 'success', \`target_type\` text null, \`target_id\` text null, \`details\` json null, \`ip_address\` text null, \`user_agent\` text null, \`request_id\` text null, \`canonical\` text not null, \`leaf_hash\` text not null, \`created_at\` datetime not null) without rowid;`,
    );
    this.addSql(`create index \`sys_audit_logs_tenant_id_id_index\` on \`sys_audit_logs\` (\`tenant_id\`, \`id\`);`);
    this.addSql(`create index \`sys_audit_logs_target_id_id_index\` on \`sys_audit_logs\` (\`target_id\`, \`id\`);`);
    this.addSql(`create index \`sys_audit_logs_actor_user_id_id_index\` on \`sys_audit_logs\` (\`actor_user_id\`, \`id\`);`);
    this.addSql(`create index \`sys_audit_logs_event_type_id_index\` on \`sys_audit_logs\` (\`event_type\`, \`id\`);`);
    for (const statement of appendOnlyStatements) this.addSql(statement);
  }
}
