import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { HostDatabase } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { DeletionApplication, type DeletionSettings } from '../deletion-application.js';
import { dieAtStatement } from '../die-at-statement.js';

// Works off the deletions that are due, and dies at the statement of the environment. Without one, says how many half steps there were.
const settings = JSON.parse(process.env.SETTINGS ?? '{}') as DeletionSettings;
const app = await NestFactory.createApplicationContext(DeletionApplication.register(settings), { logger: ['error'] });
const death = await dieAtStatement(app.get(HostDatabase));
const before = death.taken;
death.comesAt(process.env.DIE_AT === undefined ? undefined : Number(process.env.DIE_AT));
await app.get(JobsService).runPending({ types: ['tenants.delete'] });
death.comesAt(undefined);
process.stdout.write(String(death.taken - before));
await app.close();
