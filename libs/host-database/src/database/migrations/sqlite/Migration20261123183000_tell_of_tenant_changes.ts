import { Migration } from '@mikro-orm/migrations';
import { tenantChangesStatements } from '../../tenant-changes/sqlite.sql.js';

export class Migration20261123183000_tell_of_tenant_changes extends Migration {
  override name = 'Migration20261123183000_tell_of_tenant_changes';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`core_tenant_domains\` (\`id\` text not null primary key, \`tenant_id\` text not null, \`domain\` text not null, \`token\` text not null, \`verified_at\` datetime null, \`created_at\` datetime not null, constraint \`core_tenant_domains_tenant_id_foreign\` foreign key (\`tenant_id\`) references \`core_tenants\` (\`id\`) on delete cascade);`,
    );
    this.addSql(`create index \`core_tenant_domains_tenant_id_index\` on \`core_tenant_domains\` (\`tenant_id\`);`);
    this.addSql(
      `create unique index \`core_tenant_domains_tenant_id_domain_unique\` on \`core_tenant_domains\` (\`tenant_id\`, \`domain\`);`,
    );
    this.addSql(
      `create unique index \`core_tenant_domains_verified_domain_unique\` on \`core_tenant_domains\` (\`domain\`) where verified_at is not null;`,
    );
    for (const statement of tenantChangesStatements) this.addSql(statement);
  }
}
