import { Migration } from '@mikro-orm/migrations';

export class Migration20261123185000_say_who_closed extends Migration {
  override name = 'Migration20261123185000_say_who_closed';

  override up(): void | Promise<void> {
    this.addSql(`alter table "core_tenants" add "closed_by" varchar(32) null;`);
  }
}
