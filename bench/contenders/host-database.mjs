import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { JobHandler, JobsService } from 'nestjs-host-database/jobs';

const TYPE = 'bench.no-op';

/** This library, in an application as anybody writes it: one without a worker at first, then one that has one. */
export async function open({ connection: { host }, configuration }) {
  let application = await boot({ host, jobs: { worker: false } });
  const enqueue = (work) => application.get(HostDatabase).run(() => work(application.get(JobsService)));
  return {
    enqueueMany: (payloads) =>
      enqueue((jobs) =>
        jobs.enqueueMany(
          TYPE,
          payloads.map((payload) => ({ payload })),
        ),
      ),
    enqueue: (payload) => enqueue((jobs) => jobs.enqueue(TYPE, payload)),
    async work(handle) {
      application = await boot({ host, jobs: { worker: true, ...configuration }, providers: [handlerOf(handle)] });
    },
  };
}

async function boot({ host, jobs, providers = [] }) {
  class Application {}
  Module({ imports: [HostDatabaseModule.forRoot({ database: host, jobs })], providers })(Application);
  return NestFactory.createApplicationContext(Application, { logger: ['error', 'warn'] });
}

function handlerOf(handle) {
  class NoOp {
    async run({ payload }) {
      handle(payload);
    }
  }
  JobHandler(TYPE)(NoOp.prototype, 'run', Object.getOwnPropertyDescriptor(NoOp.prototype, 'run'));
  return NoOp;
}
