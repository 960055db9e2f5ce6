import { Migration } from '@mikro-orm/migrations';

export class Migration20261123186000_reverify_domains extends Migration {
  override name = 'Migration20261123186000_reverify_domains';

  override up(): void | Promise<void> {
    this.addSql(`alter table \`core_tenant_domains\` add column \`last_verified_at\` datetime null;`);
    this.addSql(`alter table \`core_tenant_domains\` add column \`last_checked_at\` datetime null;`);
    this.addSql(`alter table \`core_tenant_domains\` add column \`missing_since\` datetime null;`);
    this.addSql(
      'update core_tenant_domains set last_verified_at = verified_at, last_checked_at = verified_at where verified_at is not null;',
    );
  }
}
