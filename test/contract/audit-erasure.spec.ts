import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { ContextService, genId, UnitOfWork } from 'nestjs-host-database';
import {
  AuditEncryption,
  type AuditEntry,
  AuditErasure,
  AuditKeyUnavailableError,
  type AuditOptions,
  AuditReader,
  AuditService,
  defineAuditEvents,
  detailsOf,
  ERASED_TEXT,
  ErasureNotConfiguredError,
  HostAuditLog,
} from 'nestjs-host-database/audit';
import type { TestHost } from 'nestjs-host-database/testing';
import { hostOn } from '../support/audit-hosts.js';
import { type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';
import { until } from '../support/until.js';

const events = [
  defineAuditEvents({
    'letters.sent': { details: detailsOf<{ email: string; note: string }>(), personal: { email: 'target' }, targetType: 'user' },
  }),
];
const keys = { former: randomBytes(32), current: randomBytes(32) };
const encryption = { keyId: 'former', keys: { former: keys.former } };

/** Nothing else in a database has these. */
const PLANTED = { email: 'planted-mailbox@planted.example', ipAddress: '203.0.113.177', userAgent: 'PlantedBrowser/177.7' };
const TTL_MS = 30_000;

describe.each(['sqlite', 'postgresql'] as const)(`${AuditErasure.name} on %s`, (type) => {
  let scratch: ScratchDatabase;
  let hosts: TestHost[];

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    hosts = [];
  });

  afterEach(async () => {
    for (const host of hosts) await host.close();
    await scratch.drop();
  });

  it('makes the data of a person unreadable and leaves every byte of the rows as it was', async () => {
    const host = await start({ encryption });
    const person = genId();
    await plant(host, person);
    expect(await read(host, person)).toEqual(PLANTED);
    const before = await bytesOf(host);

    const erasedAt = await host.run(() => host.get(AuditErasure).eraseSubject(person, { reason: 'asked for it' }));

    expect(erasedAt).toEqual(host.clock.now());
    expect(await read(host, person)).toEqual({ email: ERASED_TEXT, ipAddress: ERASED_TEXT, userAgent: ERASED_TEXT });
    const after = await bytesOf(host);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after).toHaveLength(before.length + 1);
    const [row] = await host.run(() => host.get(AuditService).findByTarget(person, { limit: 1 }));
    expect(row).toMatchObject({ eventType: 'privacy.subject-erased', details: { reason: 'asked for it' } });
  });

  it('changes nothing for somebody who is erased already', async () => {
    const host = await start({ encryption });
    const person = genId();
    await plant(host, person);
    const erase = () => host.run(() => host.get(AuditErasure).eraseSubject(person));
    const first = await erase();
    const rows = await bytesOf(host);
    host.clock.advance(1_000);
    expect(await erase()).toEqual(first);
    expect(await bytesOf(host)).toEqual(rows);
  });

  it('stores nothing of a person who was erased, one who was never seen before too', async () => {
    const host = await start({ encryption });
    const person = genId();
    await host.run(() => host.get(AuditErasure).eraseSubject(person));
    await plant(host, person);
    const row = await rowOf(host, person);
    expect(row).toMatchObject({ details: { email: ERASED_TEXT }, ipAddress: ERASED_TEXT, userAgent: ERASED_TEXT });
  });

  it('vanishes with the transaction of its caller', async () => {
    const host = await start({ encryption });
    const person = genId();
    await plant(host, person);
    const work = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await host.get(AuditErasure).eraseSubject(person);
        throw new Error('no');
      }),
    );
    await expect(work).rejects.toThrow('no');
    host.clock.advance(TTL_MS);
    expect(await read(host, person)).toEqual(PLANTED);
  });

  it('stores nothing of a person in the transaction that erases them, one who was never seen before too', async () => {
    const host = await start({ encryption });
    const person = genId();
    // Not on a key of its own connection: that would wait for this transaction.
    await host.run(() =>
      host.hostDatabase.transactional(async () => {
        await host.get(AuditErasure).eraseSubject(person);
        await record(host, person);
      }),
    );
    expect(await rowOf(host, person)).toMatchObject({ details: { email: ERASED_TEXT } });
  });

  it('encrypts where a request came from for the user that it was about when nobody is signed in', async () => {
    const host = await start({ encryption });
    const person = genId();
    await plant(host, person, 'record', null);
    expect((await rowOf(host, person)).userAgent).toMatch(/^enc:v1:/);
    expect(await read(host, person)).toEqual(PLANTED);
    await host.run(() => host.get(AuditErasure).eraseSubject(person));
    expect(await read(host, person)).toEqual({ email: ERASED_TEXT, ipAddress: ERASED_TEXT, userAgent: ERASED_TEXT });
  });

  it('keeps the network only of a request of nobody, about nobody', async () => {
    const host = await start({ encryption });
    const event = { eventType: 'audit.legal-hold-placed', details: { reason: 'asked' } };
    const { ipAddress, userAgent } = PLANTED;
    const row = await host
      .get(ContextService)
      .run({ ipAddress, userAgent }, () => host.run(() => host.get(AuditService).recordUnchecked(event)));
    expect([row.ipAddress, row.userAgent]).toEqual(['203.0.113.0', null]);
  });

  it('erases persons who erase themselves', async () => {
    const host = await start({ encryption });
    const person = genId();
    const erase = () => host.run(() => host.get(AuditErasure).eraseSubject(person));
    await host.get(ContextService).run({ actorUserId: person, ipAddress: PLANTED.ipAddress }, erase);
    const [entry] = await entriesOf(host, person, 'privacy.subject-erased');
    expect(entry?.ipAddress).toBe(ERASED_TEXT);
  });

  it('holds in other processes after half a minute', async () => {
    const [here, there] = [await start({ encryption }), await start({ encryption })];
    const person = genId();
    await plant(there, person);
    await here.run(() => here.get(AuditErasure).eraseSubject(person));
    expect(await read(there, person)).toEqual(PLANTED);
    there.clock.advance(TTL_MS);
    expect((await read(there, person)).email).toBe(ERASED_TEXT);
  });

  it('leaves nothing to be found in the bytes of the database or of what was read', async () => {
    const host = await start({ encryption });
    const person = genId();
    // Among others: a page with one row is written anew, whatever becomes of what was deleted.
    for (const other of [genId(), person, genId()]) await plant(host, other);
    const [key] = await execute<{ wrapped_key: string }>(
      host,
      `select wrapped_key from sys_audit_subject_keys where subject_id = '${person}'`,
    );
    // In pieces: what is written later may cover a part of what was deleted.
    const pieces = key!.wrapped_key.slice('v1.former.'.length).match(/.{12}/g)!;
    expect(pieces.length).toBeGreaterThan(5);
    // The scan finds what is there.
    expect(await scan(host, [...pieces, person])).toEqual([...pieces, person]);

    await host.run(() => host.get(AuditErasure).eraseSubject(person));

    expect(await scan(host, [...pieces, ...Object.values(PLANTED), person])).toEqual([person]);
    const rows = await host.run(() => host.get(AuditService).findByTarget(person));
    for (const text of Object.values(PLANTED)) expect(JSON.stringify(rows)).not.toContain(text);
  });

  it('would be found out by that scan without encryption', async () => {
    const host = await start({});
    await plant(host, genId());
    expect(await scan(host, Object.values(PLANTED))).toEqual(Object.values(PLANTED));
  });

  it('is refused without encryption', async () => {
    const host = await start({});
    const erasing = host.run(() => host.get(AuditErasure).eraseSubject(genId()));
    await expect(erasing).rejects.toBeInstanceOf(ErasureNotConfiguredError);
  });

  it('keeps a key that another row needs when the transaction that it was made in is rolled back', async () => {
    const host = await start({ encryption });
    const person = genId();
    const work = host.run(() =>
      host.hostDatabase.transactional(async () => {
        await plant(host, person, 'recordDetached');
        throw new Error('no');
      }),
    );
    await expect(work).rejects.toThrow('no');
    await until(async () => (await execute(host, 'select 1 from sys_audit_logs')).length === 1);
    await until(async () => (await execute(host, 'select 1 from sys_audit_subject_keys')).length === 1);
    host.clock.advance(TTL_MS);
    expect(await read(host, person)).toEqual(PLANTED);
  });

  it('makes one key, however many need it at once', async () => {
    const here = await start({ encryption });
    // Two writers of one thread would wait for each other on SQLite, which waits for its lock without letting go of the thread.
    const there = type === 'sqlite' ? here : await start({ encryption });
    const person = genId();
    await Promise.all([here, there, here, there].map((host) => plant(host, person)));
    const rows = await entriesOf(here, person, 'letters.sent');
    expect(rows.map(({ ipAddress }) => ipAddress)).toEqual(rows.map(() => PLANTED.ipAddress));
    expect(rows).toHaveLength(4);
  });

  it('opens nothing that was copied into a row of somebody else', async () => {
    const host = await start({ encryption });
    const [person, thief, tenantId] = [genId(), genId(), genId()];
    await plant(host, person);
    const { details, ipAddress } = await rowOf(host, person);
    const stolen = { note: details?.email, deep: [ipAddress], email: details?.email };
    const userAgent = String(details?.email);
    // As a name of something that its tenant may choose, and may read in its own log.
    const event = { eventType: 'letters.sent', tenantId, targetId: thief, details: stolen };
    await host
      .get(ContextService)
      .run({ userAgent, actorUserId: thief }, () => host.run(() => host.get(AuditService).recordUnchecked(event)));

    const [entry] = await entriesOf(host, thief, 'letters.sent');

    expect(entry).toMatchObject({ details: stolen, userAgent });
    expect(JSON.stringify(await rowOf(host, thief))).not.toContain(`"${userAgent}"`);
  });

  it('opens nothing that was moved by SQL', async () => {
    const host = await start({ encryption });
    const [person, forged] = [genId(), genId()];
    await plant(host, person);
    const { ipAddress, createdAt } = await rowOf(host, person);
    const at = type === 'sqlite' ? createdAt.getTime() : createdAt;
    await host.run(() =>
      host.hostDatabase.em.execute(
        `insert into sys_audit_logs (id, event_type, target_id, ip_address, canonical, leaf_hash, created_at) values (?, ?, ?, ?, ?, ?, ?)`,
        [genId(), 'letters.sent', forged, ipAddress, '{}', 'a'.repeat(64), at],
      ),
    );
    expect((await read(host, forged)).ipAddress).toBe('[unreadable]');
  });

  it('keeps what looks sealed as it was written when encryption is turned on later', async () => {
    const without = await start({});
    const target = genId();
    const note = 'enc:v1:YWRh:AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA';
    const details = { email: note, note };
    await without.run(() => without.get(AuditService).recordUnchecked({ eventType: 'letters.sent', targetId: target, details }));

    const [here] = await entriesOf(without, target, 'letters.sent');
    const [there] = await entriesOf(await start({ encryption }), target, 'letters.sent');

    expect([here?.details, there?.details]).toEqual([details, details]);
  });

  it('wraps the keys of former wrapping keys again, so that those can be taken away', async () => {
    const former = await start({ encryption });
    const people = [genId(), genId(), genId()];
    for (const person of people) await plant(former, person);
    await former.run(() => former.get(AuditErasure).eraseSubject(people[2]!));
    const after = { encryption: { keyId: 'current', keys: { current: keys.current } } };

    const without = await start(after);
    await expect(read(without, people[0]!)).rejects.toBeInstanceOf(AuditKeyUnavailableError);

    const rotating = await start({ encryption: { keyId: 'current', keys } });
    expect(await rotating.get(AuditEncryption).rewrapKeys({ batch: 1 })).toBe(2);
    expect(await rotating.get(AuditEncryption).rewrapKeys()).toBe(0);
    expect(await read(without, people[0]!)).toEqual(PLANTED);
    expect((await read(without, people[2]!)).email).toBe(ERASED_TEXT);
  });

  async function start(audit: Partial<AuditOptions>): Promise<TestHost> {
    const host = await hostOn(scratch, { events, ...audit });
    hosts.push(host);
    return host;
  }

  async function plant(
    host: TestHost,
    person: string,
    how: 'record' | 'recordDetached' = 'record',
    actorUserId: string | null = person,
  ): Promise<void> {
    const { ipAddress, userAgent } = PLANTED;
    const context = { ipAddress, userAgent, ...(actorUserId !== null && { actorUserId }) };
    await host
      .get(ContextService)
      .run(context, () =>
        how === 'record'
          ? host.run(() => record(host, person))
          : host.get(AuditService).recordDetachedUnchecked(letterTo(person)),
      );
  }

  function record(host: TestHost, person: string): Promise<HostAuditLog> {
    return host.get(AuditService).recordUnchecked(letterTo(person));
  }

  function letterTo(targetId: string) {
    return { eventType: 'letters.sent', targetId, details: { email: PLANTED.email, note: 'for all to read' } };
  }

  async function rowOf(host: TestHost, person: string): Promise<HostAuditLog> {
    return host.run(() => host.hostDatabase.em.findOneOrFail(HostAuditLog, { targetId: person, eventType: 'letters.sent' }));
  }

  async function read(host: TestHost, person: string): Promise<Record<string, unknown>> {
    const [entry] = await entriesOf(host, person, 'letters.sent');
    return { email: entry?.details?.email, ipAddress: entry?.ipAddress, userAgent: entry?.userAgent };
  }

  async function entriesOf(host: TestHost, targetId: string, eventType: string): Promise<readonly AuditEntry[]> {
    return (await host.run(() => host.get(AuditReader).find({ scope: 'all', targetId, eventType }))).rows;
  }

  async function bytesOf(host: TestHost): Promise<string[]> {
    const rows = await execute<{ bytes: string }>(
      host,
      `select id || canonical || leaf_hash || cast(details as text) as bytes from sys_audit_logs order by id`,
    );
    return rows.map(({ bytes }) => bytes);
  }

  /** Which of the texts the bytes of the database have: those of the file and its write-ahead log, or of every row of every table. */
  async function scan(host: TestHost, texts: readonly string[]): Promise<string[]> {
    const bytes = type === 'sqlite' ? await bytesOfFile() : await bytesOfTables(host);
    return texts.filter((text) => bytes.includes(text));
  }

  async function bytesOfFile(): Promise<Buffer> {
    const file = `${String(scratch.options.name)}.db`;
    return Buffer.concat(await Promise.all([file, `${file}-wal`].map((name) => readFile(name).catch(() => Buffer.alloc(0)))));
  }

  async function bytesOfTables(host: TestHost): Promise<string> {
    const tables = await execute<{ name: string }>(
      host,
      `select quote_ident(relname) as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
    );
    expect(tables.length).toBeGreaterThan(10);
    const dumps = await Promise.all(
      tables.map(({ name }) => execute<{ line: string }>(host, `select ${name}::text as line from ${name}`)),
    );
    return dumps.flatMap((rows) => rows.map(({ line }) => line)).join('\n');
  }

  function execute<T>(host: TestHost, sql: string): Promise<T[]> {
    return host.get(UnitOfWork).run((em: SqlEntityManager) => em.execute<T[]>(sql));
  }
});
