import { Migration } from '@mikro-orm/migrations';
import { addressHashUpdates } from '../address-hashes.js';

export class Migration20261123160000_encrypt_tenant_addresses extends Migration {
  override name = 'Migration20261123160000_encrypt_tenant_addresses';

  override async up(): Promise<void> {
    this.addSql(`alter table "core_tenants" drop constraint "core_tenants_db_url_unique";`);
    this.addSql(`alter table "core_tenants" add "db_url_hash" varchar(64) null;`);
    this.addSql(`alter table "core_tenants" alter column "db_url" type varchar(4096) using ("db_url"::varchar(4096));`);
    const rows = await this.execute('select id, db_url from core_tenants where db_url is not null');
    for (const update of addressHashUpdates(this.config, rows)) this.addSql(update);
    this.addSql(`alter table "core_tenants" add constraint "core_tenants_db_url_hash_unique" unique ("db_url_hash");`);
  }
}
