import { defineEntity, p } from '@mikro-orm/core';
import { type DynamicModule, Module } from '@nestjs/common';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';

/** What the processes of a test have in common. */
export interface DeletionSettings {
  readonly database: DatabaseOptions;
  /** Where the files of SQLite tenants are. */
  readonly directory: string;
  readonly exportTo: string;
  /** 32 bytes, in hexadecimal digits. */
  readonly key: string;
}

export const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });

/** An application whose tenants have users of their own where a database has users, and whose workers are soon taken for dead. */
@Module({})
export class DeletionApplication {
  static register({ database, directory, exportTo, key }: DeletionSettings): DynamicModule {
    const host = HostDatabaseModule.forRoot({
      database,
      secrets: { keyId: 'k', keys: { k: Buffer.from(key, 'hex') } },
      tenantDeletion: { exportTo },
      tenantDatabases: { directory, entities: [Note] },
      jobs: { worker: false, heartbeatMs: 100, deadAfterMs: 400 },
    });
    return { module: DeletionApplication, imports: [host] };
  }
}
