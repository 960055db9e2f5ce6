import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { HostDatabaseError } from '../../common/index.js';
import type { CanaryWave, FleetMigrationOptions } from './fleet.options.js';
import { FleetTerminal, type TerminalOutput } from './fleet-terminal.js';
import { TenantMigrations } from './tenant-migrations.service.js';

/** Where the program gets its arguments, and where it writes. */
export interface MigrateTenantsOptions {
  /** @default those of the process */
  readonly args?: readonly string[];
  /** @default the process's standard output, with a bar where that is a terminal */
  readonly out?: TerminalOutput;
  /** Told to end: what runs ends, the rest stays for the next run. @default SIGINT and SIGTERM of the process */
  readonly signal?: AbortSignal;
}

const USAGE = `Brings the tables of all tenants to the version of this application.

  --dry-run              tells what would be applied, and applies nothing
  --concurrency=8        how many tenants at the same time
  --canary=10            so many tenants first; 5% for a share of them; again for a further wave
  --canary-pause=60000   how long to wait after each canary wave, in milliseconds
  --stop-after=3         stop once so many tenants have failed; 5% for a share of them
  --only=<id>            this tenant; again for more
  --status               how the newest run stands
`;

/**
 * The program of an application's own script: migrates the fleet, shows how far it is, and returns the exit code: 0 when every tenant is up to
 * date, 1 when some failed or the run was stopped or broken off, 2 when the arguments are wrong. It does not close the application.
 *
 * @example
 * ```ts
 * const app = await NestFactory.createApplicationContext(AppModule);
 * process.exitCode = await migrateTenants(app);
 * await app.close();
 * ```
 */
export async function migrateTenants(app: INestApplicationContext, options: MigrateTenantsOptions = {}): Promise<number> {
  const { args = process.argv.slice(2), out = process.stdout } = options;
  const terminal = new FleetTerminal(out);
  const migrations = app.get(TenantMigrations, { strict: false });
  const stop = new AbortController();
  const abort = () => stop.abort();
  if (!options.signal) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, abort);
  try {
    const request = readArguments(args);
    if (request === 'help') {
      out.write(USAGE);
      return 0;
    }
    if (request === 'status') {
      const report = await migrations.status();
      if (report) terminal.end(report);
      else out.write('There has been no run yet.\n');
      return 0;
    }
    const report = await migrations.run({
      ...request,
      signal: options.signal ?? stop.signal,
      onProgress: (progress) => terminal.show(progress),
    });
    terminal.end(report);
    return report.failed === 0 && (report.state === 'completed' || report.state === 'planned') ? 0 : 1;
  } catch (error) {
    if (!isMistake(error)) throw error;
    out.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  } finally {
    if (!options.signal) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, abort);
  }
}

function readArguments(args: readonly string[]): FleetMigrationOptions | 'help' | 'status' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      status: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      concurrency: { type: 'string' },
      canary: { type: 'string', multiple: true },
      'canary-pause': { type: 'string' },
      'stop-after': { type: 'string' },
      only: { type: 'string', multiple: true },
    },
  });
  if (values.help) return 'help';
  if (values.status) return 'status';
  const pauseMs = values['canary-pause'];
  const stopAfter = values['stop-after'];
  return {
    ...(values['dry-run'] && { dryRun: true }),
    ...(values.concurrency !== undefined && { concurrency: Number(values.concurrency) }),
    ...(values.only && { only: { ids: values.only } }),
    ...(values.canary && { canary: values.canary.map((text) => waveOf(text, pauseMs)) }),
    ...(stopAfter !== undefined &&
      (stopAfter.endsWith('%') ? { stopAtPercent: share(stopAfter) } : { stopAfterFailures: Number(stopAfter) })),
  };
}

function waveOf(text: string, pause: string | undefined): CanaryWave {
  const pauseMs = pause === undefined ? {} : { pauseMs: Number(pause) };
  return text.endsWith('%') ? { percent: share(text), ...pauseMs } : { size: Number(text), ...pauseMs };
}

const share = (text: string) => Number(text.slice(0, -1));

/** What is wrong with the arguments, and nothing else. */
function isMistake(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  if (error instanceof HostDatabaseError) return code === 'COMMON_INVALID_INPUT' || code === 'COMMON_INVALID_ID';
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
}
