import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { NestFactory } from '@nestjs/core';
import { HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { TenantDirectory } from 'nestjs-host-database/tenants';
import { outcomeOf } from '../directory-arena.js';

/** Answers questions about tenants, one a line (`id …`, `slug …`, `domain …`), with what its own directory says. */
const options = JSON.parse(process.env.OPTIONS ?? '{}') as HostDatabaseOptions;
const app = await NestFactory.createApplicationContext(HostDatabaseModule.forRoot(options), { logger: ['error'] });
const directory = app.get(TenantDirectory);
const ask: Record<string, (value: string) => Promise<{ readonly status: string }>> = {
  id: (value) => directory.getById(value),
  slug: (value) => directory.getBySlug(value),
  domain: (value) => directory.getByDomain(value),
};

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [number, kind = '', value = ''] = line.split(' ');
  const answer = kind === 'hears' ? String(directory.statistics().isHearing) : await outcomeOf(ask[kind]!(value));
  process.stdout.write(`${number} ${answer}\n`);
}
await app.close();
