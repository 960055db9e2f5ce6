import { genId } from 'nestjs-host-database';
import { AuditService, defineAuditEvents, detailsOf, type InferAuditEvents } from 'nestjs-host-database/audit';
import type { TestHost } from 'nestjs-host-database/testing';

/** Event types for tests that read the log. */
export const readingEvents = defineAuditEvents({
  'shelves.opened': { details: detailsOf<Record<string, unknown> | undefined>(), targetType: 'shelf' },
  'shelves.closed': { details: detailsOf<Record<string, unknown> | undefined>(), targetType: 'shelf' },
  'ladders.moved': { details: detailsOf<Record<string, unknown> | undefined>() },
});

declare module 'nestjs-host-database/audit' {
  interface AuditEventTypes extends InferAuditEvents<typeof readingEvents> {}
}

/** What a test says of a row that it records. */
export interface RecordedRow {
  readonly eventType?: keyof typeof readingEvents;
  readonly tenantId?: string | null;
  readonly actorUserId?: string | null;
  readonly targetId?: string;
  readonly outcome?: 'success' | 'failure' | 'denied';
  readonly details?: Record<string, unknown>;
}

/** Records a row and returns its id. */
export async function recordRow(host: TestHost, row: RecordedRow = {}): Promise<string> {
  const event = { eventType: 'shelves.opened', ...row } as const;
  return (await host.run(() => host.get(AuditService).recordUnchecked(event))).id;
}

/** Records as many rows one after the other, and returns their ids. */
export async function recordRows(host: TestHost, count: number, row: RecordedRow = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) ids.push(await recordRow(host, row));
  return ids;
}

/** Seals rows as the sealer would, without a signature that anybody could verify: for those who read checkpoints and do not check them. */
export async function sealRows(
  host: TestHost,
  { scope, seq, ids }: { scope: string; seq: number; ids: readonly string[] },
): Promise<void> {
  const sealed = ids.toSorted();
  const manifest = sealed.map((id) => `${id}:${'a'.repeat(64)}`).join('\n');
  const createdAt =
    host.options.database && 'type' in host.options.database && host.options.database.type === 'sqlite' ? 0 : new Date(0);
  await host.run(() =>
    host.hostDatabase.em.execute(
      `insert into sys_audit_checkpoints (id, scope, seq, size, first_id, last_id, body, hash, key_id, signature, manifest, sealed_at)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [genId(), scope, seq, sealed.length, sealed[0], sealed.at(-1), '{}', 'b'.repeat(64), 'test', 'c', manifest, createdAt],
    ),
  );
}

/** Everything that a stream of lines has. */
export async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}
