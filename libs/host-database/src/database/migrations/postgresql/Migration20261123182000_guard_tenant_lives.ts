import { Migration } from '@mikro-orm/migrations';
import { tenantGuardStatements } from '../../tenant-guards/postgresql.sql.js';

export class Migration20261123182000_guard_tenant_lives extends Migration {
  override name = 'Migration20261123182000_guard_tenant_lives';

  override up(): void {
    this.addSql(
      `create table "sys_tenant_deletions" ("tenant_id" varchar(32) not null, "is_exported" boolean not null default false, "requested_at" timestamptz(3) not null, "started_at" timestamptz(3) null, "completed_at" timestamptz(3) null, "done_steps" jsonb not null, "removed" jsonb not null, primary key ("tenant_id"));`,
    );
    this.addSql(
      `alter table "core_tenants" add "archived_from" text null, add "deletion_from" text null, add "cuts_work" boolean not null default false;`,
    );
    this.addSql(
      `alter table "core_tenants" add constraint "core_tenants_archived_from_check" check ("archived_from" in ('active', 'suspended'));`,
    );
    this.addSql(
      `alter table "core_tenants" add constraint "core_tenants_deletion_from_check" check ("deletion_from" in ('active', 'suspended', 'archived', 'failed'));`,
    );
    // One whose flag was taken back counted as suspended; from here on the two agree.
    this.addSql(`update core_tenants set status = 'suspended' where status = 'active' and not is_active;`);
    for (const statement of tenantGuardStatements) this.addSql(statement);
  }
}
