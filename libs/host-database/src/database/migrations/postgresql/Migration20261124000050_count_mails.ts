import { Migration } from '@mikro-orm/migrations';

export class Migration20261124000050_count_mails extends Migration {
  override name = 'Migration20261124000050_count_mails';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "sys_mail_counts" ("key_hash" varchar(64) not null, "asked_at" jsonb not null, "expires_at" timestamptz(3) not null, primary key ("key_hash"));`,
    );
    this.addSql(`create index "sys_mail_counts_expires_at_index" on "sys_mail_counts" ("expires_at");`);
  }
}
