import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { genId, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import {
  AuditSealer,
  AuditService,
  defineAuditEvents,
  detailsOf,
  Ed25519Signer,
  generateSigningKey,
} from 'nestjs-host-database/audit';

const EVENT_TYPE = 'bench.order-placed';
const SEAL_EVERY_MS = 1_000;
/** The columns of the log, in a table that nothing protects. */
const PLAIN_LOG = 'create table bench_logs as select * from sys_audit_logs where 1 = 0';
const INDEXES = [
  'create unique index bench_logs_id on bench_logs (id)',
  'create index bench_logs_tenant on bench_logs (tenant_id, id)',
  'create index bench_logs_target on bench_logs (target_id, id)',
  'create index bench_logs_actor on bench_logs (actor_user_id, id)',
  'create index bench_logs_type on bench_logs (event_type, id)',
];

/**
 * One way to write a row with a change.
 *
 * @typedef {object} AuditContender
 * @property {string} name
 * @property {(work: (em: object) => Promise<void>) => Promise<void>} transactional
 * @property {(em: object, index: number) => Promise<unknown>} change
 * @property {(em: object, index: number) => Promise<unknown>} record
 * @property {(committed: number) => Promise<void>} [check]
 * @property {() => Promise<void>} close
 */

/** Each on a database of its own: a plain insert, this library with sealing, and a chain of hashes over all rows. */
export async function auditContenders(server, writers) {
  return [
    await open(server, writers, { name: 'plain insert', record: (app, type) => plain(type) }),
    await open(server, writers, { name: 'ours, sealed', sealing: true, record: (app) => ours(app), check: checkSealed }),
    await open(server, writers, { name: 'one hash chain', record: (app, type) => chained(type) }),
  ];
}

async function open(server, writers, { name, sealing = false, record, check }) {
  const database = await server.createDatabase();
  const app = await boot(database, writers, sealing);
  const host = app.get(HostDatabase);
  for (const statement of ['create table bench_orders (id varchar(32) primary key, total int)', PLAIN_LOG, ...INDEXES]) {
    await host.run((em) => em.execute(statement));
  }
  await host.run((em) => em.execute(`create table bench_head (hash varchar(64))`));
  await host.run((em) => em.execute(`insert into bench_head values ('')`));
  let total = 0;
  return {
    name,
    transactional: (work) => host.run(() => host.transactional(work)),
    change: (em, index) => em.execute('insert into bench_orders (id, total) values (?, ?)', [genId(), index]),
    record: record(app, database.type),
    check: check && (async (committed) => check(app, (total += committed))),
    async close() {
      await app.close();
      await database.drop();
    },
  };
}

async function boot({ host, type }, writers, isSealed) {
  const { keyId, privateKey, publicKey } = generateSigningKey();
  const sealing = {
    signer: new Ed25519Signer(privateKey),
    publicKeys: { [keyId]: publicKey },
    everyMs: SEAL_EVERY_MS,
    verifyAt: false,
  };
  class Application {}
  Module({
    imports: [
      HostDatabaseModule.forRoot({
        database: type === 'sqlite' ? host : { ...host, pool: { min: 0, max: writers } },
        // The worker is what seals.
        jobs: { worker: isSealed },
        audit: {
          events: [defineAuditEvents({ [EVENT_TYPE]: { details: detailsOf(), targetType: 'order' } })],
          ...(isSealed && { sealing }),
        },
      }),
    ],
  })(Application);
  return NestFactory.createApplicationContext(Application, { logger: ['error', 'warn'] });
}

const detailsAt = (index) => ({ total: index, currency: 'usd', lines: [{ sku: 'gear', count: 3 }] });

function ours(app) {
  const audit = app.get(AuditService);
  return (_em, index) => audit.recordUnchecked({ eventType: EVENT_TYPE, targetId: `order-${index}`, details: detailsAt(index) });
}

/** A row of the same columns and about the same length, with no hash and no guard. */
function plain(type) {
  return async (em, index) => insertRow(em, type, index, '0'.repeat(64));
}

/** Every row has the hash of the one before it: nobody else can write until the transaction has ended. */
function chained(type) {
  const lock = `select hash from bench_head${type === 'sqlite' ? '' : ' for update'}`;
  return async (em, index) => {
    const [{ hash: previous }] = await em.execute(lock);
    const hash = createHash('sha256')
      .update(previous)
      .update(JSON.stringify(detailsAt(index)))
      .digest('hex');
    await insertRow(em, type, index, hash);
    await em.execute('update bench_head set hash = ?', [hash]);
  };
}

async function insertRow(em, type, index, hash) {
  const id = genId();
  const details = detailsAt(index);
  const createdAt = new Date();
  const targetId = `order-${index}`;
  const canonical = JSON.stringify({
    v: 1,
    id,
    tenantId: null,
    eventType: EVENT_TYPE,
    schemaVersion: 1,
    outcome: 'success',
    targetId,
    details,
    createdAt,
  });
  const at = type === 'sqlite' ? createdAt.getTime() : createdAt;
  await em.execute(
    `insert into bench_logs (id, event_type, schema_version, outcome, target_type, target_id, details, canonical, leaf_hash, created_at)
      values (?, ?, 1, 'success', 'order', ?, ?, ?, ?, ?)`,
    [id, EVENT_TYPE, targetId, JSON.stringify(details), canonical, hash, at],
  );
}

/** Every committed row, and no other, is in exactly one checkpoint. */
async function checkSealed(app, committed) {
  // The application's own runner may be sealing at this moment.
  while ((await app.get(AuditSealer).seal()).isBusy);
  const host = app.get(HostDatabase);
  const [found] = await host.run((em) =>
    em.execute(`select (select count(*) from sys_audit_logs) as logs, (select count(*) from sys_audit_unsealed) as unsealed,
      (select sum(size) from sys_audit_checkpoints) as sealed`),
  );
  assert.deepEqual(
    { logs: Number(found.logs), unsealed: Number(found.unsealed), sealed: Number(found.sealed) },
    { logs: committed, unsealed: 0, sealed: committed },
  );
}
