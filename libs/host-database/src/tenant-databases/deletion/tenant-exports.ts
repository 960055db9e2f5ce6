import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import {
  TENANT_DELETION_OPTIONS,
  type TenantCatalog,
  type TenantDeletionOptions,
  TenantExportNotConfiguredError,
  type TenantExportSink,
} from '../../tenants/index.js';
import { TenantExportFailedError } from './deletion.errors.js';
import { FileTenantExportSink } from './file.export-sink.js';
import type { TenantTables } from './tenant-tables.js';

const MANIFEST = 'manifest.json';

/** A file of an export: a table, a row a line. */
export interface ExportedFile {
  readonly name: string;
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What an export says of itself (`manifest.json`). */
export interface TenantExportManifest {
  readonly format: 1;
  readonly tenant: { readonly id: string; readonly name: string; readonly slug: string | null; readonly createdAt: string };
  readonly exportedAt: string;
  readonly files: readonly ExportedFile[];
}

/** Writes all rows of a tenant's tables as lines of JSON, and reads them back before anybody relies on them. */
@Injectable()
export class TenantExports {
  private readonly sink: TenantExportSink | undefined;

  constructor(
    @Inject(TENANT_DELETION_OPTIONS) { exportTo }: TenantDeletionOptions,
    private readonly clock: Clock,
  ) {
    this.sink = typeof exportTo === 'string' ? new FileTenantExportSink(exportTo) : exportTo;
  }

  /**
   * Writes one file for each table, then the manifest, in the place of an earlier export; returns the manifest once all of it was read
   * back and found to be what the tables have.
   *
   * Values are as exact as the database has them, under the names of the columns: a time of PostgreSQL as ISO 8601 and of SQLite as
   * milliseconds since 1970, bytes as `\\x` and hexadecimal digits.
   *
   * @throws TenantExportNotConfiguredError, TenantExportFailedError
   */
  async write(tenant: TenantCatalog, tables: TenantTables, signal?: AbortSignal): Promise<TenantExportManifest> {
    const { sink } = this;
    if (!sink) throw new TenantExportNotConfiguredError(tenant.id);
    const files: ExportedFile[] = [];
    for (const table of await tables.all()) {
      const measure = new Measure();
      const name = `${table.label}.jsonl`;
      await sink.write(tenant.id, name, measure.of(lines(tables.pagesOf(table), signal)));
      files.push({ name, table: table.label, ...measure.result });
    }
    const manifest: TenantExportManifest = {
      format: 1,
      tenant: { id: tenant.id, name: tenant.name, slug: tenant.slug ?? null, createdAt: tenant.createdAt.toISOString() },
      exportedAt: this.clock.now().toISOString(),
      files,
    };
    await sink.write(tenant.id, MANIFEST, single(`${JSON.stringify(manifest, null, 2)}\n`));
    await this.verify(tenant.id, sink, manifest, await tables.count());
    return manifest;
  }

  private async verify(
    tenantId: string,
    sink: TenantExportSink,
    manifest: TenantExportManifest,
    counts: Readonly<Record<string, number>>,
  ): Promise<void> {
    for (const { name, table, ...expected } of manifest.files) {
      const measure = new Measure();
      for await (const chunk of sink.read(tenantId, name)) measure.add(chunk);
      const { result } = measure;
      if (result.sha256 !== expected.sha256 || result.bytes !== expected.bytes) {
        throw new TenantExportFailedError(tenantId, `${name} was not kept as it was written`);
      }
      if (result.rows !== counts[table]) {
        throw new TenantExportFailedError(tenantId, `${name} has ${result.rows} rows, and the table ${counts[table]}`);
      }
    }
    const kept: Uint8Array[] = [];
    for await (const chunk of sink.read(tenantId, MANIFEST)) kept.push(chunk);
    if (Buffer.concat(kept).toString() !== `${JSON.stringify(manifest, null, 2)}\n`) {
      throw new TenantExportFailedError(tenantId, `${MANIFEST} was not kept as it was written`);
    }
  }
}

/** Counts and hashes what passes. */
class Measure {
  private readonly hash = createHash('sha256');
  private rows = 0;
  private bytes = 0;

  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.add(chunk);
      yield chunk;
    }
  }

  add(chunk: Uint8Array): void {
    this.hash.update(chunk);
    this.bytes += chunk.byteLength;
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, at + 1)) this.rows++;
  }

  get result(): Pick<ExportedFile, 'rows' | 'bytes' | 'sha256'> {
    return { rows: this.rows, bytes: this.bytes, sha256: this.hash.copy().digest('hex') };
  }
}

async function* lines(pages: AsyncIterable<readonly string[]>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const rows of pages) {
    signal?.throwIfAborted();
    yield Buffer.from(rows.map((row) => `${row}\n`).join(''));
  }
}

async function* single(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
