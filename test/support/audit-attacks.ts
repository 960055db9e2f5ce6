import type { EntityClass } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type DatabaseType, UnitOfWork } from 'nestjs-host-database';
import type { TestHost } from 'nestjs-host-database/testing';

/** A table that the database keeps append-only, and a column of it to attack. */
export interface AttackTarget {
  readonly table: string;
  readonly column: string;
  readonly property: string;
}

/** An attempt at the row of `id`. */
export interface Attempt extends AttackTarget {
  readonly host: TestHost;
  readonly type: DatabaseType;
  readonly id: string;
}

/** One way to change or remove a row. */
export interface Attack {
  readonly name: string;
  readonly on?: DatabaseType;
  /** Only for a table that has partitions. */
  readonly ofPartitions?: boolean;
  readonly run: (attempt: Attempt) => Promise<unknown>;
}

const FORGED = 'forged';

/** Runs statements, one after the other, in one transaction. */
const sql =
  (write: (attempt: Attempt) => string | readonly string[] | Promise<string | readonly string[]>) => async (attempt: Attempt) => {
    const statements = [await write(attempt)].flat();
    await inTransaction(attempt, async (em) => {
      for (const statement of statements) await em.execute(statement);
    });
  };

/** Works on the row as MikroORM lets one. */
const orm =
  (work: (em: SqlEntityManager, facts: OrmFacts) => unknown) =>
  (attempt: Attempt): Promise<unknown> =>
    inTransaction(attempt, async (em) => {
      const entity = entityOf(em, attempt.table);
      const lazy = em
        .getMetadata()
        .get(entity)
        .props.filter((prop) => prop.lazy);
      const row = await em.findOneOrFail(entity, { id: attempt.id }, { populate: lazy.map(({ name }) => name) as never[] });
      await work(em, { entity, row, data: { ...stored(row), [attempt.property]: FORGED }, attempt });
    });

interface OrmFacts {
  readonly entity: EntityClass<Stored>;
  readonly row: Stored;
  /** The row, forged. */
  readonly data: Stored;
  readonly attempt: Attempt;
}

type Stored = { id: string } & Record<string, unknown>;

/** What the row is with another value in one column, as a select. */
async function forgedRow({ host, table, column, id }: Attempt): Promise<{ columns: string; select: string }> {
  const columns = await host.get(UnitOfWork).run((em) =>
    em
      .getMetadata()
      .get(entityOf(em, table))
      .props.flatMap(({ fieldNames }) => fieldNames),
  );
  const values = columns.map((name) => (name === column ? `'${FORGED}'` : name));
  return { columns: columns.join(', '), select: `select ${values.join(', ')} from ${table} where id = '${id}'` };
}

/** The partition of the row's month. */
const leafOf = async ({ host, table, id }: Attempt): Promise<string> => {
  const [leaf] = await host
    .get(UnitOfWork)
    .run((em) => em.execute<{ name: string }[]>(`select tableoid::regclass::text as name from ${table} where id = '${id}'`));
  return leaf!.name;
};

export const ATTACKS: readonly Attack[] = [
  { name: 'UPDATE', run: sql(({ table, column, id }) => `update ${table} set ${column} = '${FORGED}' where id = '${id}'`) },
  { name: 'UPDATE of the key', run: sql(({ table, id }) => `update ${table} set id = '${'f'.repeat(32)}' where id = '${id}'`) },
  { name: 'DELETE', run: sql(({ table, id }) => `delete from ${table} where id = '${id}'`) },
  { name: 'DELETE of everything', run: sql(({ table }) => `delete from ${table}`) },
  {
    name: 'INSERT ... ON CONFLICT DO UPDATE',
    run: sql(async (attempt) => {
      const { columns, select } = await forgedRow(attempt);
      const { table, column } = attempt;
      return `insert into ${table} (${columns}) ${select} on conflict (id) do update set ${column} = excluded.${column}`;
    }),
  },
  ...['insert or replace', 'replace'].map((verb): Attack => ({
    name: verb.toUpperCase(),
    on: 'sqlite',
    run: sql(async (attempt) => {
      const { columns, select } = await forgedRow(attempt);
      return `${verb} into ${attempt.table} (${columns}) ${select}`;
    }),
  })),
  {
    name: 'UPDATE OR REPLACE',
    on: 'sqlite',
    run: sql(({ table, column, id }) => `update or replace ${table} set ${column} = '${FORGED}' where id = '${id}'`),
  },
  { name: 'TRUNCATE', on: 'postgresql', run: sql(({ table }) => `truncate ${table}`) },
  {
    name: 'MERGE',
    on: 'postgresql',
    run: sql(
      ({ table, column, id }) =>
        `merge into ${table} as t using (select 1) as s on t.id = '${id}' when matched then update set ${column} = '${FORGED}'`,
    ),
  },
  {
    name: 'UPDATE as a replica',
    on: 'postgresql',
    run: sql(({ table, column, id }) => [
      'set local session_replication_role = replica',
      `update ${table} set ${column} = '${FORGED}' where id = '${id}'`,
    ]),
  },
  {
    name: 'TRUNCATE as a replica',
    on: 'postgresql',
    run: sql(({ table }) => ['set local session_replication_role = replica', `truncate ${table}`]),
  },
  {
    name: 'TRUNCATE of the partition',
    on: 'postgresql',
    ofPartitions: true,
    run: sql(async (attempt) => `truncate ${await leafOf(attempt)}`),
  },
  {
    name: 'UPDATE of the partition',
    on: 'postgresql',
    ofPartitions: true,
    run: sql(async (attempt) => `update ${await leafOf(attempt)} set ${attempt.column} = '${FORGED}' where id = '${attempt.id}'`),
  },
  {
    name: 'DELETE from the partition, as a replica',
    on: 'postgresql',
    ofPartitions: true,
    run: sql(async (attempt) => [
      'set local session_replication_role = replica',
      `delete from ${await leafOf(attempt)} where id = '${attempt.id}'`,
    ]),
  },
  { name: 'em.upsert()', run: orm((em, { entity, data }) => em.upsert(entity, data)) },
  { name: 'em.upsertMany()', run: orm((em, { entity, data }) => em.upsertMany(entity, [data])) },
  {
    name: 'em.nativeUpdate()',
    run: orm((em, { entity, attempt: { id, property } }) => em.nativeUpdate(entity, { id }, { [property]: FORGED })),
  },
  { name: 'em.nativeDelete()', run: orm((em, { entity, attempt: { id } }) => em.nativeDelete(entity, { id })) },
  {
    name: 'a managed entity that is changed and flushed',
    run: orm((em, { row, attempt: { property } }) => {
      row[property] = FORGED;
      return em.flush();
    }),
  },
  { name: 'em.remove()', run: orm((em, { row }) => em.remove(row).flush()) },
  {
    name: 'QueryBuilder.update()',
    run: orm((em, { entity, attempt: { id, property } }) =>
      em
        .createQueryBuilder(entity)
        .update({ [property]: FORGED })
        .where({ id })
        .execute(),
    ),
  },
  {
    name: 'QueryBuilder.delete()',
    run: orm((em, { entity, attempt: { id } }) => em.createQueryBuilder(entity).delete({ id }).execute()),
  },
];

/** The text of every row, by the order of the ids: what has to be the same afterwards. */
export function wholeRows(host: TestHost, type: DatabaseType, table: string): Promise<string[]> {
  return host.get(UnitOfWork).run(async (em) => {
    if (type === 'postgresql') {
      const rows = await em.execute<{ row: string }[]>(`select t::text as row from ${table} as t order by id`);
      return rows.map(({ row }) => row);
    }
    const rows = await em.execute<Record<string, unknown>[]>(`select * from ${table} order by id`);
    return rows.map((row) => JSON.stringify(row));
  });
}

function inTransaction<T>({ host }: Attempt, work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
  const unitOfWork = host.get(UnitOfWork);
  return unitOfWork.run(() => unitOfWork.transactional(work));
}

function entityOf(em: SqlEntityManager, table: string): EntityClass<Stored> {
  const meta = [...em.getMetadata().getAll().values()].find(({ tableName }) => tableName === table);
  return meta!.class as EntityClass<Stored>;
}

function stored(row: Stored): Stored {
  return Object.fromEntries(Object.entries(row)) as Stored;
}
