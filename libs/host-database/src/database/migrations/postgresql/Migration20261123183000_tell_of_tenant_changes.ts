import { Migration } from '@mikro-orm/migrations';
import { tenantChangesStatements } from '../../tenant-changes/postgresql.sql.js';

export class Migration20261123183000_tell_of_tenant_changes extends Migration {
  override name = 'Migration20261123183000_tell_of_tenant_changes';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "core_tenant_domains" ("id" varchar(32) not null, "tenant_id" varchar(32) not null, "domain" varchar(253) not null, "token" varchar(64) not null, "verified_at" timestamptz(3) null, "created_at" timestamptz(3) not null, primary key ("id"));`,
    );
    this.addSql(
      `alter table "core_tenant_domains" add constraint "core_tenant_domains_tenant_id_domain_unique" unique ("tenant_id", "domain");`,
    );
    this.addSql(
      `create unique index "core_tenant_domains_verified_domain_unique" on "core_tenant_domains" ("domain") where verified_at is not null;`,
    );

    this.addSql(
      `alter table "core_tenant_domains" add constraint "core_tenant_domains_tenant_id_foreign" foreign key ("tenant_id") references "core_tenants" ("id") on delete cascade;`,
    );
    for (const statement of tenantChangesStatements) this.addSql(statement);
  }
}
