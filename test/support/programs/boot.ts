import 'reflect-metadata';
import { once } from 'node:events';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';

// Says that it is ready, waits for a line, boots the module on the database of the environment, says so, and shuts down.
process.stdout.write('ready\n');
await once(process.stdin, 'data');

const database = JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions;
const app = await NestFactory.createApplicationContext(HostDatabaseModule.forRoot({ database, jobs: { worker: false } }), {
  logger: ['error'],
});
await app.close();
process.stdout.write('booted\n');
process.stdin.destroy();
