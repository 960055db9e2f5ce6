import type { SqlEntityManager } from '@mikro-orm/sql';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { DIRECT_CONNECTION, type DirectConnection, UnitOfWork } from '../../database/index.js';

/** A wrapped key; null where the person was erased. */
export type StoredKey = string | null;

interface KeyRow {
  readonly subject_id: string;
  readonly wrapped_key: StoredKey;
}

const INSERT = {
  postgresql: `insert into sys_audit_subject_keys (subject_id, wrapped_key, created_at) values ($1, $2, $3) on conflict do nothing`,
  sqlite: `insert into sys_audit_subject_keys (subject_id, wrapped_key, created_at) values (?, ?, ?) on conflict do nothing`,
};
const SELECT = {
  postgresql: `select subject_id, wrapped_key from sys_audit_subject_keys where subject_id = any($1)`,
  sqlite: `select subject_id, wrapped_key from sys_audit_subject_keys where subject_id in (select value from json_each(?))`,
};
const SELECT_ERASED = 'select 1 from sys_audit_subject_keys where subject_id = ? and wrapped_key is null';

/**
 * Reads and makes rows of `sys_audit_subject_keys` beside the caller's transaction, whose rollback would take a key away that a row of
 * another transaction was sealed with. On SQLite nobody else can write while the caller does: there a key is made in the caller's
 * transaction, and made again when that was rolled back.
 */
@Injectable()
export class SubjectKeyStore implements OnApplicationShutdown {
  private readonly logger = new Logger('Audit');
  /** Resolves when the application stops: the end of a transaction may never come then. */
  private readonly stopping = Promise.withResolvers<void>();
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    @Inject(DIRECT_CONNECTION) private readonly connection: DirectConnection,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Whether what is read and written now is part of the caller's transaction. */
  get isPartOfTransaction(): boolean {
    return this.transactionEm !== undefined;
  }

  private get transactionEm(): SqlEntityManager | undefined {
    return this.connection.type === 'sqlite' ? this.unitOfWork.transactionEm : undefined;
  }

  /** Returns what is stored of these subjects; those that have no row are left out. */
  async read(subjectIds: readonly string[]): Promise<Map<string, StoredKey>> {
    const rows = await this.select(subjectIds);
    return new Map(rows.map(({ subject_id, wrapped_key }) => [subject_id, wrapped_key]));
  }

  /** Whether the person was erased in the transaction that is open here, of which nobody else knows before it has ended. */
  async isErasedHere(subjectId: string): Promise<boolean> {
    if (!this.unitOfWork.isInTransaction) return false;
    const rows = await this.unitOfWork.em.execute<unknown[]>(SELECT_ERASED, [subjectId]);
    return rows.length > 0;
  }

  /** Adds a key, unless there is one or the person was erased. */
  async add(subjectId: string, wrappedKey: string): Promise<void> {
    const { connection } = this;
    const now = this.clock.now();
    if (connection.type === 'postgresql') {
      await connection.query(INSERT.postgresql, [subjectId, wrappedKey, now.toISOString()]);
    } else if (this.transactionEm) {
      await this.transactionEm.execute(INSERT.sqlite, [subjectId, wrappedKey, now.getTime()]);
    } else {
      await this.insert(subjectId, wrappedKey);
    }
  }

  /** Adds a key once the transaction that is open here has ended, however it ends. Resolves then, and never rejects. */
  addAfterTransaction(subjectId: string, wrappedKey: string): Promise<void> {
    const ended = new Promise<void>((resolve) => this.unitOfWork.afterEnd(resolve));
    const adding = Promise.race([ended, this.stopping.promise])
      .then(() => this.insert(subjectId, wrappedKey))
      .catch((error: unknown) => this.logger.error(`The key of a person could not be kept: ${String(error)}`))
      .finally(() => this.underWay.delete(adding));
    this.underWay.add(adding);
    return adding;
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.resolve();
    await Promise.all(this.underWay);
  }

  private async select(subjectIds: readonly string[]): Promise<readonly KeyRow[]> {
    const { connection } = this;
    if (connection.type === 'postgresql') return connection.query<KeyRow>(SELECT.postgresql, [subjectIds]);
    const parameters = [JSON.stringify(subjectIds)];
    if (this.transactionEm) return this.transactionEm.execute<KeyRow[]>(SELECT.sqlite, parameters);
    return connection.read((db) => db.prepare<KeyRow>(SELECT.sqlite).all(...parameters));
  }

  private async insert(subjectId: string, wrappedKey: string): Promise<void> {
    if (this.connection.type !== 'sqlite') return;
    const now = this.clock.now().getTime();
    await this.connection.exclusive((db) => void db.prepare(INSERT.sqlite).run(subjectId, wrappedKey, now));
  }
}
