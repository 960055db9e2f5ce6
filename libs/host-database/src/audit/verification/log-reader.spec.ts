import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DirectConnections } from '../../../test/direct-connections.js';
import { AuditLogReader, SCOPES } from './log-reader.js';

const COLUMNS = ['event_type', 'outcome', 'actor_user_id', 'impersonator_user_id', 'target_type', 'target_id', 'request_id'];
const MORE = ['ip_address', 'user_agent', 'details', 'leaf_hash', 'schema_version', 'created_at'];

describe.each(['sqlite', 'postgresql'] as const)(`${AuditLogReader.name} on %s`, (type) => {
  let database: DirectConnections;
  let sut: AuditLogReader;

  beforeAll(async () => {
    database = await DirectConnections.open(type);
    const columns = [...COLUMNS, ...MORE].map((column) => `${column} text`).join(', ');
    await database.em.execute(`create table sys_audit_logs (id text primary key, tenant_id text, canonical text, ${columns})`);
    await database.em.execute('create index by_tenant on sys_audit_logs (tenant_id, id)');
    await database.em.execute('create table sys_audit_checkpoints (scope text not null, seq int not null, unique (scope, seq))');
    sut = new AuditLogReader(database.connect());
  });
  afterAll(() => database.close());

  const plan = async (sql: string) => {
    const [prefix, no] = type === 'sqlite' ? ['explain query plan', ''] : ['explain', 'set enable_seqscan = off'];
    return database.em.transactional(async (em) => {
      if (no) await em.execute(no);
      return JSON.stringify(await em.execute(`${prefix} ${sql}`));
    });
  };

  it('finds every scope, without reading every row', async () => {
    expect(await sut.scopes()).toEqual(['host']);
    for (const tenant of ['b', 'a', 'b', null]) {
      await database.em.execute('insert into sys_audit_logs (id, tenant_id, canonical) values (?, ?, ?)', [
        String(Math.random()),
        tenant,
        'x',
      ]);
    }
    await database.em.execute("insert into sys_audit_checkpoints values ('c', 1), ('host', 1), ('c', 2), ('a', 1)");
    expect(await sut.scopes()).toEqual(['a', 'b', 'c', 'host']);
    for (const sql of SCOPES) expect(await plan(sql)).not.toMatch(/SCAN sys_audit|Seq Scan on sys_audit|HashAggregate/);
  });

  it('passes over no row, whatever its id', async () => {
    await database.em.execute('delete from sys_audit_logs');
    for (const id of ['', 'no id', '0']) {
      await database.em.execute("insert into sys_audit_logs (id, tenant_id, canonical) values (?, 'a', 'x')", [id]);
    }
    const ids: string[] = [];
    for await (const { id } of sut.rows('a')) ids.push(id);
    expect(ids).toEqual(['', '0', 'no id']);
  });

  it('leaves the rest of the process its turns between two portions', async () => {
    await database.em.execute(
      `insert into sys_audit_logs (id, tenant_id, canonical)
        with recursive series(i) as (select 1 union all select i + 1 from series where i < 2001)
        select cast(i as text), 'long', 'x' from series`,
    );
    let seen = 0;
    const seenByTurn = new Set<number>();
    const watch = () => {
      seenByTurn.add(seen);
      if (seen < 2_001) setImmediate(watch);
    };
    setImmediate(watch);

    for await (const { id } of sut.rows('long')) if (id) seen++;

    expect(seen).toBe(2_001);
    expect([...seenByTurn]).toEqual(expect.arrayContaining([1_000, 2_000]));
  });
});
