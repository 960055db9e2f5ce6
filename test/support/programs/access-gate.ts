import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { NestFactory } from '@nestjs/core';
import { HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { AccessChanges, TenantMessages } from 'nestjs-host-database/access';
import { SqlConversation } from '../sql-conversation.js';

/** Says, one line for each (`enter <user> <tenant> [session]`), whether somebody is let in and how many statements that took. */
const { database, ...options } = JSON.parse(process.env.OPTIONS ?? '{}') as HostDatabaseOptions;
const conversation = new SqlConversation();
const module = HostDatabaseModule.forRoot({ ...options, database: { ...database, mikroOrm: conversation.mikroOrm } });
const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
const messages = app.get(TenantMessages);

const enter = (actorUserId = '', tenantId = '', sessionId?: string) =>
  messages.bindSocket({}, { actorUserId, tenantId, ...(sessionId && { sessionId }) }).then(
    () => 'in',
    ({ code }: { code?: string }) => String(code),
  );

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [number, question, ...facts] = line.split(' ');
  conversation.begin();
  const answer = question === 'hears' ? String(app.get(AccessChanges).isCurrent()) : await enter(...facts);
  process.stdout.write(`${number} ${answer} ${conversation.said.filter((said) => said.startsWith('select')).length}\n`);
}
await app.close();
