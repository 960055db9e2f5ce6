import { Migration } from '@mikro-orm/migrations';
import { accessChangesStatements } from '../../access-changes/sqlite.sql.js';

export class Migration20261123192000_tell_of_access_changes extends Migration {
  override name = 'Migration20261123192000_tell_of_access_changes';

  override up(): void | Promise<void> {
    for (const statement of accessChangesStatements) this.addSql(statement);
  }
}
