import { type DatabaseType, genId } from 'nestjs-host-database';
import {
  type AnchoredCheckpoint,
  type AuditAnchor,
  type AuditSealingOptions,
  AuditService,
  type AuditSigner,
  Ed25519Signer,
  generateSigningKey,
} from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

/** A signer whose key a test can exchange while the host runs. */
export class RotatingSigner implements AuditSigner {
  /** What verifies: every key, unless a test takes one out. */
  readonly publicKeys: Record<string, string> = {};
  private current!: Ed25519Signer;

  constructor() {
    this.rotate();
  }

  get keyId(): string {
    return this.current.keyId;
  }

  sign(bytes: Uint8Array): Uint8Array {
    return this.current.sign(bytes);
  }

  rotate(): void {
    const key = generateSigningKey();
    this.current = new Ed25519Signer(key.privateKey);
    this.publicKeys[key.keyId] = key.publicKey;
  }
}

/** An anchor that remembers. */
export class MemoryAnchor implements AuditAnchor {
  readonly name = 'memory';
  readonly kept: AnchoredCheckpoint[] = [];
  isDown = false;

  async keep(checkpoints: readonly AnchoredCheckpoint[]): Promise<void> {
    if (this.isDown) throw new Error('down');
    this.kept.push(...checkpoints);
  }
}

/** A host whose log is sealed when the test says so. */
export interface SealedHost extends TestHost {
  readonly signer: RotatingSigner;
}

/** Starts one; what the test is not about is set so that the test need not wait. */
export async function createSealedHost(
  database: DatabaseType,
  sealing: Partial<Omit<AuditSealingOptions, 'signer' | 'publicKeys'>> = {},
): Promise<SealedHost> {
  const signer = new RotatingSigner();
  const { publicKeys } = signer;
  const host = await createTestHost({
    database,
    options: { audit: { capture: false, sealing: { signer, publicKeys, everyMs: 100, verifyAt: false, ...sealing } } },
  });
  return Object.defineProperty(host as SealedHost, 'signer', { value: signer });
}

/** Records so many rows of a scope, a millisecond apart; returns their ids. */
export async function recordRows(host: TestHost, count: number, tenantId: string | null = null): Promise<string[]> {
  const audit = host.get(AuditService);
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    host.clock.advance(1);
    const details = { reason: `row ${index}`, nested: { deep: { value: index } } };
    const event = { eventType: 'audit.legal-hold-placed', targetId: genId(), tenantId, details } as const;
    const row = await host.run(() => audit.recordUnchecked(event));
    ids.push(row.id);
  }
  return ids;
}

/** Runs a statement; `?` stands for a parameter. */
export type Execute = <T extends object>(sql: string, ...parameters: unknown[]) => Promise<T[]>;

export function executeOn(host: TestHost): Execute {
  return <T extends object>(sql: string, ...parameters: unknown[]) =>
    host.run(() => host.hostDatabase.em.execute<T[]>(sql, parameters));
}

const TABLES = ['sys_audit_logs', 'sys_audit_checkpoints', 'sys_audit_anchorings'] as const;

/** Does what an owner of the database can do: switches off what protects the log, and on again. */
export async function withoutGuards(host: TestHost, work: (execute: Execute) => Promise<unknown>): Promise<void> {
  const execute = executeOn(host);
  if (host.options.database?.type !== 'sqlite') {
    for (const table of TABLES) await execute(`alter table ${table} disable trigger all`);
    await work(execute);
    for (const table of TABLES) await execute(`alter table ${table} enable trigger all`);
    return;
  }
  const triggers = await execute<{ name: string; sql: string }>(`select name, sql from sqlite_schema where type = 'trigger'`);
  for (const { name } of triggers) await execute(`drop trigger ${name}`);
  await work(execute);
  for (const { sql } of triggers) await execute(sql);
}
