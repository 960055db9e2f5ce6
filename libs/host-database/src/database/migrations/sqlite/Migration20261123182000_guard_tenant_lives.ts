import { Migration } from '@mikro-orm/migrations';
import { tenantGuardStatements } from '../../tenant-guards/sqlite.sql.js';

export class Migration20261123182000_guard_tenant_lives extends Migration {
  override name = 'Migration20261123182000_guard_tenant_lives';

  override up(): void {
    this.addSql(
      `create table \`sys_tenant_deletions\` (\`tenant_id\` text not null primary key, \`is_exported\` integer not null default false, \`requested_at\` datetime not null, \`started_at\` datetime null, \`completed_at\` datetime null, \`done_steps\` json not null, \`removed\` json not null);`,
    );
    // Added one by one: making the table anew would remove the rows that refer to it.
    this.addSql(
      `alter table \`core_tenants\` add column \`archived_from\` text null check (\`archived_from\` in ('active', 'suspended'));`,
    );
    this.addSql(
      `alter table \`core_tenants\` add column \`deletion_from\` text null check (\`deletion_from\` in ('active', 'suspended', 'archived', 'failed'));`,
    );
    this.addSql(`alter table \`core_tenants\` add column \`cuts_work\` integer not null default false;`);
    // One whose flag was taken back counted as suspended; from here on the two agree.
    this.addSql(`update core_tenants set status = 'suspended' where status = 'active' and not is_active;`);
    for (const statement of tenantGuardStatements) this.addSql(statement);
  }
}
