import 'reflect-metadata';
import { setImmediate as turn } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

// Runs in a process of its own: boots one side, says how much memory it then takes, and stops.
const { side, database } = await new Promise((resolve) => process.once('message', resolve));
const { imports } = await import(`./boot-${side}.mjs`);

class Application {}
Module({ imports: await imports(database) })(Application);
const application = await NestFactory.createApplicationContext(Application, { logger: ['error', 'warn'] });
// What the boot has dropped may hold on to other things until the next turn.
for (let pass = 0; pass < 3; pass++) {
  await turn();
  globalThis.gc();
}
const { rss, heapUsed } = process.memoryUsage();
await application.close();
process.send({ rss, heapUsed }, () => process.disconnect());
