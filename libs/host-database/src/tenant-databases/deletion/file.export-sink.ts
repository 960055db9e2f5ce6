import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { assertId, genId } from '../../common/index.js';
import type { TenantExportSink } from '../../tenants/index.js';

// What a tenant has left behind is for nobody else on the machine.
const OWNER_ONLY = { directory: 0o700, file: 0o600 } as const;

/** Keeps the exports of tenants below a directory, in one of each tenant's own, which the process's user alone may read. */
export class FileTenantExportSink implements TenantExportSink {
  private readonly directory: string;

  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  /** Under its name only once it is whole, and on the disk. */
  async write(tenantId: string, name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.pathOf(tenantId, name);
    const draft = `${path}.${genId()}.part`;
    await mkdir(this.directoryOf(tenantId), { recursive: true, mode: OWNER_ONLY.directory });
    try {
      const file = await open(draft, 'wx', OWNER_ONLY.file);
      try {
        for await (const chunk of chunks) await file.writeFile(chunk);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
      await syncDirectory(this.directoryOf(tenantId));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  read(tenantId: string, name: string): AsyncIterable<Uint8Array> {
    return createReadStream(this.pathOf(tenantId, name));
  }

  private directoryOf(tenantId: string): string {
    return join(this.directory, assertId(tenantId, 'tenant'));
  }

  private pathOf(tenantId: string, name: string): string {
    return join(this.directoryOf(tenantId), encodeURIComponent(name));
  }
}

/** A name is durable only once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
