import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import { type AuditCloudEvent, AuditExporter, AuditReader, toCloudEvent } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { collect, readingEvents, recordRow, recordRows, sealRows } from '../support/audit-reading.js';
import { parseCsv } from '../support/parse-csv.js';

describe.each(['sqlite', 'postgresql'] as const)(`${AuditExporter.name} on %s`, (database) => {
  let host: TestHost;
  let sut: AuditExporter;

  beforeAll(async () => {
    host = await createTestHost({ database, options: { audit: { events: [readingEvents] } } });
    sut = host.get(AuditExporter);
  });
  afterAll(async () => {
    await host.close();
  });

  const jsonOf = async (lines: AsyncIterable<string>) =>
    (await collect(lines)).map((line) => JSON.parse(line) as Record<string, unknown>);
  const exportsOf = (scope: string) =>
    host.run(() => host.get(AuditReader).find({ scope, eventType: 'audit.log-exported', limit: 1_000 }));

  const startsOf = (scope: string) =>
    host.run(() => host.get(AuditReader).find({ scope, eventType: 'audit.log-export-started', limit: 1_000 }));

  describe('exportJsonl', () => {
    it('has every row as it is stored, in the order of ids, and the checkpoints of the scope', async () => {
      const [scope, other] = [genId(), genId()];
      const details = { text: 'Zeile\n„zwei“ \u{1F4DA}', nested: { z: 1, a: [] } };
      const ids = await recordRows(host, 3, { tenantId: scope, details });
      await recordRow(host, { tenantId: other });
      await sealRows(host, { scope, seq: 1, ids: ids.slice(0, 2) });
      await sealRows(host, { scope, seq: 2, ids: ids.slice(2) });
      await sealRows(host, { scope: other, seq: 1, ids: [genId()] });

      const lines = await jsonOf(sut.exportJsonl({ scope }));

      expect(lines.map(({ kind }) => kind)).toEqual(['row', 'row', 'row', 'checkpoint', 'checkpoint']);
      expect(lines.slice(0, 3).map(({ id }) => id)).toEqual(ids);
      for (const { kind: _, canonical, leafHash, ...columns } of lines.slice(0, 3)) {
        expect(leafHash).toMatch(/^[\da-f]{64}$/);
        expect({ v: 1, ...columns }).toEqual(JSON.parse(String(canonical)));
      }
      expect(lines.slice(3)).toEqual([
        expect.objectContaining({ scope, seq: 1, body: '{}', signature: 'c', manifest: expect.stringContaining(ids[0]!) }),
        expect.objectContaining({ scope, seq: 2 }),
      ]);
    });

    it('leaves checkpoints out where rows are left out, and proofs where they are not wanted', async () => {
      const scope = genId();
      const ids = await recordRows(host, 2, { tenantId: scope });
      await sealRows(host, { scope, seq: 1, ids });

      const denied = await jsonOf(sut.exportJsonl({ scope, eventType: 'shelves.opened' }));
      const plain = await jsonOf(sut.exportJsonl({ scope, eventType: 'shelves.opened' }, { proofs: false }));

      expect(denied.map(({ id }) => id)).toEqual(ids);
      expect(denied[0]).toHaveProperty('canonical');
      expect(plain.map(({ id }) => id)).toEqual(ids);
      expect(plain[0]).not.toHaveProperty('canonical');
    });

    it('has all rows that were there, each once, while rows are added', async () => {
      const scope = genId();
      // More than two batches, so that there is something between them.
      const ids = await insertMany(2_500, scope);
      const found: string[] = [];
      for await (const line of sut.exportJsonl({ scope })) {
        found.push((JSON.parse(line) as { id: string }).id);
        if (found.length % 500 === 1) await recordRow(host, { tenantId: scope });
      }

      expect(new Set(found).size).toBe(found.length);
      expect(found.toSorted()).toEqual(found);
      expect(ids.filter((id) => !found.includes(id))).toEqual([]);
    });

    it('has neither rows nor checkpoints that came after its beginning', async () => {
      const scope = genId();
      const ids = await recordRows(host, 2, { tenantId: scope });
      await sealRows(host, { scope, seq: 1, ids });
      const lines = sut.exportJsonl({ scope });
      await lines.next();
      const late = await recordRow(host, { tenantId: scope });
      await sealRows(host, { scope, seq: 2, ids: [late] });

      const rest = await collect(lines);

      expect(rest.join('')).toContain('"seq":1');
      expect(rest.join('')).not.toContain('"seq":2');
    });
  });

  describe('exportCsv', () => {
    it('is CSV with every column, whatever is in a cell', async () => {
      const scope = genId();
      const details = { text: 'a "quoted", comma\r\nand line' };
      const context = { userAgent: 'with, comma and "quotes"' };
      const id = await host.get(ContextService).run(context, () => recordRow(host, { tenantId: scope, details }));

      const text = (await collect(sut.exportCsv({ scope }))).join('');
      const [header = [], row = [], ...more] = parseCsv(text);

      expect(more).toEqual([]);
      expect(text.endsWith('\r\n')).toBe(true);
      const [entry] = (await host.run(() => host.get(AuditReader).find({ scope, eventType: 'shelves.opened' }))).rows;
      expect(header.toSorted()).toEqual(Object.keys(entry!).toSorted());
      const cells = Object.fromEntries(header.map((name, index) => [name, row[index]]));
      expect(cells).toMatchObject({ id, tenantId: scope, userAgent: context.userAgent, targetId: '', outcome: 'success' });
      expect(cells.createdAt).toBe(host.clock.now().toISOString());
      expect(JSON.parse(cells.details ?? '')).toEqual(details);
    });

    it('makes formulas inert', async () => {
      const scope = genId();
      const formulas = [`=cmd|' /C calc'!A0`, '+1+1', '-2+3', '@SUM(A1)', '＝1'];
      for (const userAgent of formulas) {
        await host.get(ContextService).run({ userAgent }, () => recordRow(host, { tenantId: scope, targetId: `=${userAgent}` }));
      }

      const [header = [], ...rows] = parseCsv((await collect(sut.exportCsv({ scope }))).join(''));

      const [agent, target] = [header.indexOf('userAgent'), header.indexOf('targetId')];
      expect(rows.map((row) => row[agent])).toEqual(formulas.map((formula) => `'${formula}`));
      expect(rows.map((row) => row[target])).toEqual(formulas.map((formula) => `'=${formula}`));
    });
  });

  describe('exportCloudEvents', () => {
    it('puts each row into an envelope of CloudEvents 1.0', async () => {
      const [scope, targetId] = [genId(), genId()];
      const ids = [
        await recordRow(host, { tenantId: scope, targetId, details: { a: 1 } }),
        await recordRow(host, { tenantId: scope, eventType: 'ladders.moved' }),
      ];

      const events = await jsonOf(sut.exportCloudEvents({ scope }, { source: 'https://app.example.com/audit' }));

      expect(events[0]).toEqual({
        specversion: '1.0',
        id: ids[0],
        type: 'shelves.opened',
        source: 'https://app.example.com/audit',
        subject: targetId,
        time: host.clock.now().toISOString(),
        datacontenttype: 'application/json',
        data: expect.objectContaining({ tenantId: scope, outcome: 'success', details: { a: 1 }, targetType: 'shelf' }),
      } satisfies Record<keyof AuditCloudEvent, unknown>);
      expect(events[1]).not.toHaveProperty('subject');
    });

    it('needs a source', async () => {
      const scope = genId();
      await recordRow(host, { tenantId: scope });
      const [entry] = (await host.run(() => host.get(AuditReader).find({ scope }))).rows;
      const refusal = expect.objectContaining({ code: 'COMMON_INVALID_INPUT', field: 'source' });

      expect(() => toCloudEvent(entry!, { source: ' ' })).toThrow(refusal);
      expect(() => sut.exportCloudEvents({ scope }, { source: '' })).toThrow(refusal);
    });
  });

  it('refuses a wrong filter before the first line', () => {
    const refusal = expect.objectContaining({ code: 'COMMON_INVALID_ID' });
    expect(() => sut.exportCsv({ scope: 'everything' })).toThrow(refusal);
    expect(() => sut.exportJsonl({ scope: 'everything' })).toThrow(refusal);
  });

  describe('what an export leaves in the log', () => {
    it('says who has exported what, also when the lines are read elsewhere', async () => {
      const [scope, actorUserId] = [genId(), genId()];
      await recordRows(host, 2, { tenantId: scope });
      const lines = host.get(ContextService).run({ actorUserId }, () => sut.exportCsv({ scope, outcome: 'success' }));
      await collect(lines);

      expect((await exportsOf(scope)).rows).toEqual([
        expect.objectContaining({
          actorUserId,
          tenantId: scope,
          details: { format: 'csv', rows: 2, complete: true, filter: { scope, outcome: 'success' } },
        }),
      ]);
    });

    it('says before the first line who exports what, whatever becomes of the rest', async () => {
      const [scope, actorUserId] = [genId(), genId()];
      await recordRows(host, 2, { tenantId: scope });
      const lines = host.get(ContextService).run({ actorUserId }, () => sut.exportJsonl({ scope }, { proofs: false }));
      await lines.next();
      // Nobody asks for another one: the process of the reader was killed.
      const [started, ...more] = (await startsOf(scope)).rows;

      expect(more).toEqual([]);
      expect(started).toMatchObject({ actorUserId, tenantId: scope, details: { format: 'jsonl', filter: { scope } } });
      expect((await exportsOf(scope)).rows).toEqual([]);
      expect(await jsonOf(lines)).toHaveLength(1);
      expect((await exportsOf(scope)).rows).toMatchObject([
        { targetId: started?.targetId, details: { rows: 2, complete: true } },
      ]);
    });

    it('says how far it came when it was cut off', async () => {
      const scope = genId();
      await recordRows(host, 3, { tenantId: scope });
      for await (const line of sut.exportJsonl({ scope })) {
        expect(line).toContain('"kind":"row"');
        break;
      }

      expect((await exportsOf(scope)).rows.map(({ details }) => details)).toEqual([
        { format: 'jsonl-with-proofs', rows: 1, complete: false, filter: { scope } },
      ]);
    });

    it('stops when it is told to, and tells how far it is', async () => {
      const scope = genId();
      await insertMany(2_500, scope);
      const controller = new AbortController();
      const reason = new Error('enough');
      const seen: number[] = [];
      const onProgress = ({ rows }: { readonly rows: number }) => {
        seen.push(rows);
        if (rows >= 1_000) controller.abort(reason);
      };

      await expect(collect(sut.exportCsv({ scope }, { signal: controller.signal, onProgress }))).rejects.toBe(reason);
      expect(seen.length).toBeGreaterThan(2);
      expect(seen).toEqual(seen.toSorted((one, other) => one - other));
      expect(seen.filter((rows) => rows >= 1_000)).toHaveLength(1);
      expect((await exportsOf(scope)).rows[0]?.details).toMatchObject({ rows: seen.at(-1), complete: false });
    });

    it('leaves the rest of the process its turns, on SQLite too', async () => {
      const scope = genId();
      await insertMany(100, scope);
      const progress: number[] = [];
      const perTurn: number[] = [];
      const watch = () => {
        perTurn.push(progress.length);
        if (progress.length < 4) setImmediate(watch);
      };
      setImmediate(watch);

      await collect(sut.exportCsv({ scope }, { onProgress: ({ rows }) => void progress.push(rows) }));

      expect(progress).toEqual([10, 30, 55, 80, 100]);
      expect(perTurn).toEqual(expect.arrayContaining([1, 2, 3]));
    });
  });

  /** Rows by SQL, for there to be many soon. */
  async function insertMany(count: number, tenantId: string): Promise<string[]> {
    const ids = Array.from({ length: count }, () => genId());
    const createdAt = database === 'sqlite' ? 0 : new Date(0);
    for (let at = 0; at < count; at += 500) {
      const batch = ids.slice(at, at + 500);
      const values = batch.map(() => `(?, ?, 'shelves.opened', '{}', ?, ?)`).join(', ');
      const parameters = batch.flatMap((id) => [id, tenantId, 'c'.repeat(64), createdAt]);
      await host.run(() =>
        host.hostDatabase.em.execute(
          `insert into sys_audit_logs (id, tenant_id, event_type, canonical, leaf_hash, created_at) values ${values}`,
          parameters,
        ),
      );
    }
    return ids;
  }
});
