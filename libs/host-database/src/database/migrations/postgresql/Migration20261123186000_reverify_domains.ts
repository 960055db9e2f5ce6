import { Migration } from '@mikro-orm/migrations';

export class Migration20261123186000_reverify_domains extends Migration {
  override name = 'Migration20261123186000_reverify_domains';

  override up(): void | Promise<void> {
    this.addSql(
      `alter table "core_tenant_domains" add "last_verified_at" timestamptz(3) null, add "last_checked_at" timestamptz(3) null, add "missing_since" timestamptz(3) null;`,
    );
    this.addSql(
      'update core_tenant_domains set last_verified_at = verified_at, last_checked_at = verified_at where verified_at is not null;',
    );
  }
}
