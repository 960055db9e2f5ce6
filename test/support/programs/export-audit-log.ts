import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';
import { AuditExporter } from 'nestjs-host-database/audit';

/** Exports a scope of the log in a process of its own and prints what came out of it, and how its memory has grown meanwhile. */
@Module({
  imports: [
    HostDatabaseModule.forRoot({
      database: JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions,
      migrate: 'off',
      jobs: { worker: false },
    }),
  ],
})
class ExportModule {}

const { FORMAT = 'jsonl', SCOPE = 'all', LAST_ID = '' } = process.env;
const MEGABYTE = 1_048_576;
const SAMPLE_EVERY = 100;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const app = await NestFactory.createApplicationContext(ExportModule, { logger: ['error'] });
const exporter = app.get(AuditExporter);

/** Exports the scope, and looks at the memory on the way: not by a timer, which would not have its turn on SQLite. */
async function exportRows() {
  const result = { expected: 0, later: 0, outOfOrder: 0, peakRss: 0, peakHeap: 0, liveHeap: 0 };
  let previous = '';
  let rows = 0;
  for await (const line of FORMAT === 'csv' ? exporter.exportCsv({ scope: SCOPE }) : exporter.exportJsonl({ scope: SCOPE })) {
    const id = FORMAT === 'csv' ? line.slice(0, 32) : /"id":"([\da-f]{32})"/.exec(line)?.[1];
    if (!id?.match(/^[\da-f]{32}$/)) continue;
    // Ascending ids are different ones.
    if (id <= previous) result.outOfOrder++;
    previous = id;
    if (id <= LAST_ID) result.expected++;
    else result.later++;
    if (rows % SAMPLE_EVERY === 0) {
      const { rss, heapUsed } = process.memoryUsage();
      result.peakRss = Math.max(result.peakRss, rss);
      result.peakHeap = Math.max(result.peakHeap, heapUsed);
    }
    rows++;
  }
  collectGarbage();
  result.liveHeap = process.memoryUsage().heapUsed;
  return result;
}

// The process is a cold one: it has read nothing yet, and V8 has the heap that booting has taken.
collectGarbage();
const before = process.memoryUsage();
const begin = performance.now();
const { peakRss, peakHeap, liveHeap, ...rows } = await exportRows();
const seconds = (performance.now() - begin) / 1_000;
await app.close();
const megabytes = (bytes: number) => Math.round((bytes / MEGABYTE) * 10) / 10;
process.stdout.write(
  JSON.stringify({
    ...rows,
    rssGrowthMb: megabytes(peakRss - before.rss),
    heapGrowthMb: megabytes(peakHeap - before.heapUsed),
    liveGrowthMb: megabytes(liveHeap - before.heapUsed),
    peakRssMb: megabytes(peakRss),
    seconds: Math.round(seconds * 10) / 10,
  }),
);
