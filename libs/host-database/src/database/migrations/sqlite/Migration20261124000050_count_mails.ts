import { Migration } from '@mikro-orm/migrations';

export class Migration20261124000050_count_mails extends Migration {
  override name = 'Migration20261124000050_count_mails';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`sys_mail_counts\` (\`key_hash\` text not null primary key, \`asked_at\` json not null, \`expires_at\` datetime not null);`,
    );
    this.addSql(`create index \`sys_mail_counts_expires_at_index\` on \`sys_mail_counts\` (\`expires_at\`);`);
  }
}
