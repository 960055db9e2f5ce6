import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { type DatabaseOptions, HostDatabaseModule } from 'nestjs-host-database';

// Boots the module on the database of the environment, says so, and shuts down.
const database = JSON.parse(process.env.DATABASE ?? '{}') as DatabaseOptions;
const app = await NestFactory.createApplicationContext(HostDatabaseModule.forRoot({ database, jobs: { worker: false } }), {
  logger: ['error'],
});
await app.close();
process.stdout.write('booted\n');
