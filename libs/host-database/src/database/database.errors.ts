import { HostDatabaseError } from '../common/index.js';
import type { DatabaseType } from './database.options.js';

/** A database setting is missing or wrong. Stops the boot; nothing was opened. */
export class DatabaseConfigError extends HostDatabaseError {
  readonly code = 'DATABASE_CONFIG_INVALID';

  constructor(
    /** One sentence for each setting: its name, what is wrong, what to do. */
    readonly problems: readonly string[],
  ) {
    super(`The host database is not configured: ${problems.join(' ')}`);
  }
}

/** The driver package of the chosen database is not installed. */
export class DatabaseDriverMissingError extends HostDatabaseError {
  readonly code = 'DATABASE_DRIVER_MISSING';

  constructor(
    readonly packageName: string,
    options: ErrorOptions,
  ) {
    super(`The package ${packageName} could not be loaded. Install it in the version of your @mikro-orm/core.`, options);
  }
}

/** The database did not answer, or could not be opened, within the configured tries. */
export class DatabaseUnreachableError extends HostDatabaseError {
  readonly code = 'DATABASE_UNREACHABLE';
  /** Where it was looked for, without the password. */
  readonly location: string;

  constructor(
    settings: { readonly type: DatabaseType; toString(): string },
    readonly attempts: number,
    options: ErrorOptions,
  ) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    const advice =
      settings.type === 'sqlite'
        ? 'Check that its directory exists and that this process may write there.'
        : 'Check that the server runs and that host, port, user, password and name are right.';
    super(`The database ${settings.toString()} could not be reached in ${attempts} tries (${reason}). ${advice}`, options);
    this.location = settings.toString();
  }
}

/** A tenant that lives in a schema asked for something in another one, by an option or by an entity that names it. Nothing was sent. */
export class WrongSchemaError extends HostDatabaseError {
  readonly code = 'DATABASE_WRONG_SCHEMA';

  constructor(
    readonly ownSchema: string,
    readonly schema: string,
  ) {
    super(
      `The schema ${schema} was asked for in a database of which only ${ownSchema} is this tenant's. Leave the schema out of entities ` +
        'and options: the address of the tenant says it.',
    );
  }
}

/** Something asked for the host's EntityManager outside a unit of work. Nothing was read or written. */
export class NoUnitOfWorkError extends HostDatabaseError {
  readonly code = 'DATABASE_NO_UNIT_OF_WORK';

  constructor() {
    super(
      'There is no unit of work here. Requests and jobs have one of their own; in start-up code, timers and scripts wrap the ' +
        'work in hostDatabase.run(() => ...) and await it.',
    );
  }
}

/** A transaction with retries was begun while this unit of work held changes that a retry would lose. Nothing was written. */
export class PendingChangesError extends HostDatabaseError {
  readonly code = 'DATABASE_PENDING_CHANGES';

  constructor() {
    super(
      'This unit of work has unwritten changes, which a retried transaction would lose. commit() them first, or make them inside the ' +
        'work that is retried.',
    );
  }
}

/** A transaction in which a joined part failed was to be committed. All of it was rolled back. */
export class TransactionRollbackOnlyError extends HostDatabaseError {
  readonly code = 'DATABASE_TRANSACTION_ROLLBACK_ONLY';

  constructor(options: ErrorOptions) {
    super(
      'A part of this transaction failed or was rolled back, so none of it was committed. Let the error of that part pass, or run ' +
        'the part in em.transactional(), which has a savepoint of its own.',
      options,
    );
  }
}

/** Migrations of the host's tables are pending and `migrate` is `check`. */
export class SchemaOutdatedError extends HostDatabaseError {
  readonly code = 'DATABASE_SCHEMA_OUTDATED';

  constructor(readonly pending: readonly string[]) {
    super(
      `The tables of the host database lack ${pending.length} migration(s): ${pending.join(', ')}. ` +
        "Boot one process with migrate: 'on-boot', or run npx mikro-orm migration:up.",
    );
  }
}

/** The transaction reads what was committed when it began, and this has to know what is committed now. Nothing was written. */
export class SnapshotIsolationError extends HostDatabaseError {
  readonly code = 'DATABASE_SNAPSHOT_ISOLATION';

  constructor() {
    super(
      'This cannot be done at the isolation level REPEATABLE READ. Begin the transaction at READ COMMITTED, the default of PostgreSQL, or at SERIALIZABLE.',
    );
  }
}
