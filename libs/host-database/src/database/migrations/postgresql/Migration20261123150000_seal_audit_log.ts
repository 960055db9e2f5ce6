import { Migration } from '@mikro-orm/migrations';
import { appendOnlyStatements } from '../../append-only/postgresql.sql.js';

export class Migration20261123150000_seal_audit_log extends Migration {
  override name = 'Migration20261123150000_seal_audit_log';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "sys_audit_anchorings" ("checkpoint_id" varchar(32) not null, "anchor" varchar(63) not null, "anchored_at" timestamptz(3) not null, primary key ("checkpoint_id", "anchor"));`,
    );

    this.addSql(
      `create table "sys_audit_checkpoints" ("id" varchar(32) not null, "scope" varchar(32) not null, "seq" int not null, "size" int not null, "first_id" varchar(32) not null, "last_id" varchar(32) not null, "body" text not null, "hash" varchar(64) not null, "key_id" varchar(63) not null, "signature" text not null, "manifest" text not null, "sealed_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_audit_checkpoints_scope_last_id_index" on "sys_audit_checkpoints" ("scope", "last_id");`);
    this.addSql(
      `alter table "sys_audit_checkpoints" add constraint "sys_audit_checkpoints_scope_seq_unique" unique ("scope", "seq");`,
    );

    this.addSql(
      `create table "sys_audit_legal_holds" ("id" varchar(32) not null, "tenant_id" varchar(32) null, "reason" text not null, "placed_at" timestamptz(3) not null, "released_at" timestamptz(3) null, primary key ("id"));`,
    );

    this.addSql(
      `create table "sys_audit_purges" ("id" varchar(32) not null, "purged_through" varchar(32) not null, "rows" int not null, "purged_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(`create index "sys_audit_purges_purged_through_index" on "sys_audit_purges" ("purged_through");`);

    this.addSql(
      `create table "sys_audit_subject_keys" ("subject_id" varchar(127) not null, "wrapped_key" text null, "created_at" timestamptz(3) not null, "erased_at" timestamptz(3) null, primary key ("subject_id"));`,
    );

    this.addSql(
      `create table "sys_audit_unsealed" ("log_id" varchar(32) not null, "scope" varchar(32) not null, primary key ("log_id"));`,
    );

    // Another table, for only a new one can be partitioned. What unpublished versions have recorded was never sealed, and goes with it.
    this.addSql(`drop table "sys_audit_logs";`);
    this.addSql(
      `create table "sys_audit_logs" ("id" varchar(32) not null, "tenant_id" varchar(32) null, "actor_user_id" varchar(32) null, "impersonator_user_id" varchar(32) null, "event_type" varchar(127) not null, "schema_version" int not null default 1, "outcome" text not null default 'success', "target_type" varchar(63) null, "target_id" varchar(255) null, "details" jsonb null, "ip_address" varchar(1023) null, "user_agent" text null, "request_id" varchar(127) null, "canonical" text not null, "leaf_hash" varchar(64) not null, "created_at" timestamptz(3) not null, primary key ("id")) partition by range ("id");`,
    );
    this.addSql(`create index "sys_audit_logs_tenant_id_id_index" on "sys_audit_logs" ("tenant_id", "id");`);
    this.addSql(`create index "sys_audit_logs_target_id_id_index" on "sys_audit_logs" ("target_id", "id");`);
    this.addSql(`create index "sys_audit_logs_actor_user_id_id_index" on "sys_audit_logs" ("actor_user_id", "id");`);
    this.addSql(`create index "sys_audit_logs_event_type_id_index" on "sys_audit_logs" ("event_type", "id");`);
    this.addSql(
      `alter table "sys_audit_logs" add constraint "sys_audit_logs_outcome_check" check ("outcome" in ('success', 'failure', 'denied'));`,
    );
    for (const statement of appendOnlyStatements) this.addSql(statement);
  }
}
