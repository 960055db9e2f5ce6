// A job that takes its time: says how far it is, ends when it is asked to, and leaves a result.
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'imports.read-file': { lines: number };
  }
}

@Injectable()
class Imports {
  @JobHandler('imports.read-file', { timeoutMs: 3_600_000 })
  async readFile(run: JobRun<'imports.read-file'>): Promise<{ lines: number }> {
    const { lines } = run.payload;
    for (let line = 1; line <= lines; line++) {
      run.signal.throwIfAborted();
      await delay(10, undefined, { signal: run.signal }); // where the work would be; fetch() takes the signal too
      await run.setProgress({ line });
    }
    return { lines };
  }
}

@Module({ imports: [HostDatabaseModule.forRoot()], providers: [Imports] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
const [host, jobs] = [app.get(HostDatabase), app.get(JobsService)];
const stateOf = (id: string) => host.run(() => jobs.getById(id));

const [short = '', long = ''] = await host.run(() =>
  jobs.enqueueMany('imports.read-file', [{ payload: { lines: 3 } }, { payload: { lines: 1_000_000 } }]),
);
while ((await stateOf(short)).status !== 'completed' || (await stateOf(long)).progress === null) await delay(10);
await host.run(() => jobs.cancel(long));

for (const { status, output } of [await stateOf(short), await stateOf(long)]) console.log(status, output);
await app.close();
