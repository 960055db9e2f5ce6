import { NestFactory } from '@nestjs/core';
import { databaseOptionsFromEnv, HostDatabaseError } from 'nestjs-host-database';
import { workerConfigFrom } from './app.config.js';
import { AppModule } from './app.module.js';
import { auditOptionsFrom } from './audit/audit-keys.js';
import { authOptionsOf } from './auth/auth-settings.js';

/** Starts a process that runs jobs and serves nothing. Its shutdown waits for the jobs that have begun. */
async function start(env: NodeJS.ProcessEnv): Promise<void> {
  const { exportDirectory, audit, auth } = workerConfigFrom(env);
  const database = databaseOptionsFromEnv({ ...env, DB_TYPE: env.DB_TYPE || 'SQLITE' });
  // Logs wait until the boot has succeeded: where it fails, one message says why.
  const module = AppModule.register(
    { database, audit: await auditOptionsFrom(audit), ...authOptionsOf(auth) },
    { exportDirectory, ...(audit.anchorFile !== undefined && { anchorFile: audit.anchorFile }) },
  );
  const app = await NestFactory.createApplicationContext(module, {
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
  });
  app.enableShutdownHooks();
  app.flushLogs();
}

try {
  await start(process.env);
  console.log('Running jobs.');
} catch (error) {
  console.error(error instanceof HostDatabaseError ? error.message : error);
  process.exit(1);
}
