import { NestFactory } from '@nestjs/core';
import { databaseOptionsFromEnv, HostDatabaseError } from 'nestjs-host-database';
import { appConfigFrom } from './app.config.js';
import { PortUnavailableError } from './app.errors.js';
import { AppModule } from './app.module.js';
import { auditOptionsFrom } from './audit/audit-keys.js';
import { authOptionsOf } from './auth/auth-settings.js';
import { configureApp } from './configure-app.js';
import { createHttpAdapter } from './http/http-adapters.js';
import { OPEN_API_PATH } from './http/open-api.js';

/** Starts the application and returns where it listens. */
async function start(env: NodeJS.ProcessEnv): Promise<string> {
  const { port, httpAdapter, trustedProxies, runsJobs, exportDirectory, audit, auth } = appConfigFrom(env);
  const database = databaseOptionsFromEnv({ ...env, DB_TYPE: env.DB_TYPE || 'SQLITE' });
  // Logs wait until the boot has succeeded: where it fails, one message says why.
  const module = AppModule.register(
    { database, jobs: { worker: runsJobs }, audit: await auditOptionsFrom(audit), ...authOptionsOf(auth) },
    { exportDirectory, ...(audit.anchorFile !== undefined && { anchorFile: audit.anchorFile }) },
  );
  const app = await NestFactory.create(module, await createHttpAdapter(httpAdapter, { trustedProxies }), {
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
  });
  configureApp(app).enableShutdownHooks();
  await app.init();
  await app.listen(port, '0.0.0.0').catch((cause: unknown) => {
    throw new PortUnavailableError(port, { cause });
  });
  app.flushLogs();
  return `http://localhost:${new URL(await app.getUrl()).port}`;
}

try {
  const url = await start(process.env);
  console.log(`
Listening on ${url}, described at ${url}${OPEN_API_PATH}. Sign up first:

curl ${url}/auth/sign-up -H 'content-type: application/json' -d '{"email":"ada@example.com","password":"correct horse battery"}'
`);
} catch (error) {
  console.error(error instanceof HostDatabaseError ? error.message : error);
  process.exit(1);
}
