import { Migration } from '@mikro-orm/migrations';
import { addressHashUpdates } from '../address-hashes.js';

export class Migration20261123160000_encrypt_tenant_addresses extends Migration {
  override name = 'Migration20261123160000_encrypt_tenant_addresses';

  override async up(): Promise<void> {
    this.addSql(`drop index \`core_tenants_db_url_unique\`;`);
    this.addSql(`alter table \`core_tenants\` add column \`db_url_hash\` text null;`);
    const rows = await this.execute('select id, db_url from core_tenants where db_url is not null');
    for (const update of addressHashUpdates(this.config, rows)) this.addSql(update);
    this.addSql(`create unique index \`core_tenants_db_url_hash_unique\` on \`core_tenants\` (\`db_url_hash\`);`);
  }
}
