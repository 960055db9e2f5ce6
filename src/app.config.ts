import { isIP } from 'node:net';
import { AppConfigError } from './app.errors.js';
import type { AuditSettings } from './audit/audit-keys.js';
import { auditSettingsFrom } from './audit/audit-settings.js';
import { DEFAULT_EXPORT_DIRECTORY } from './audit/export-files.js';
import { type AuthSettings, authSettingsFrom } from './auth/auth-settings.js';
import { HTTP_ADAPTERS, type HttpAdapterName } from './http/http-adapters.js';

/** What processes that serve and processes that work have in common. */
export interface WorkerConfig {
  /** Where exports wait to be fetched. */
  readonly exportDirectory: string;
  /** How the log is sealed and encrypted. */
  readonly audit: AuditSettings;
  /** How people come in; whoever works sends their mails. */
  readonly auth: AuthSettings;
}

/** How the application is served. */
export interface AppConfig extends WorkerConfig {
  readonly port: number;
  readonly httpAdapter: HttpAdapterName;
  /** Which proxies are believed about where a request comes from. */
  readonly trustedProxies: readonly string[];
  /** Whether the process that serves runs jobs as well. */
  readonly runsJobs: boolean;
}

const SWITCH = ['on', 'off'];
/** What both adapters know by name. */
const PROXY_RANGES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/**
 * Reads `PORT` (`3000`), `HTTP_ADAPTER` (`express` by default, or `fastify`) and `JOBS_WORKER` (`on` by default, or `off` where
 * processes of their own run the jobs). Port 0 takes any that is free. `TRUSTED_PROXIES` lists the proxies in
 * front, by address, subnet, or `loopback`, `linklocal`, `uniquelocal`: behind them clients are told apart. `EXPORT_DIRECTORY` is a directory of the machine's temporary
 * files by default; where jobs run on another machine, it has to be one that both can reach. `AUDIT_*` are read by `auditSettingsFrom()`,
 * the address of the application and its providers by `authSettingsFrom()`.
 *
 * @throws AppConfigError one message that names every variable that is wrong, and the fix
 */
export function appConfigFrom(env: NodeJS.ProcessEnv): AppConfig {
  const problems: string[] = [];
  const port = env.PORT || '3000';
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    problems.push(`PORT is '${port}'. Set it to a whole number from 0 to 65535, or leave it out for 3000.`);
  }
  const adapterName = env.HTTP_ADAPTER || 'express';
  const httpAdapter = HTTP_ADAPTERS.find((known) => known === adapterName.toLowerCase());
  if (!httpAdapter) problems.push(`HTTP_ADAPTER is '${adapterName}'. Set it to ${HTTP_ADAPTERS.join(' or ')}.`);
  const worker = (env.JOBS_WORKER || 'on').toLowerCase();
  if (!SWITCH.includes(worker)) problems.push(`JOBS_WORKER is '${env.JOBS_WORKER}'. Set it to ${SWITCH.join(' or ')}.`);
  const trustedProxies = trustedProxiesFrom(env, problems);
  const audit = auditSettingsFrom(env, problems);
  const auth = authSettingsFrom(env, problems);
  if (!httpAdapter || problems.length > 0) throw new AppConfigError(problems);
  return {
    port: Number(port),
    httpAdapter,
    trustedProxies,
    runsJobs: worker === 'on',
    exportDirectory: exportDirectoryFrom(env),
    audit,
    auth,
  };
}

/**
 * Reads what a process needs that serves nothing: `EXPORT_DIRECTORY`, `AUDIT_*` and what mails need.
 *
 * @throws AppConfigError as above
 */
export function workerConfigFrom(env: NodeJS.ProcessEnv): WorkerConfig {
  const problems: string[] = [];
  const audit = auditSettingsFrom(env, problems);
  const auth = authSettingsFrom(env, problems);
  if (problems.length > 0) throw new AppConfigError(problems);
  return { exportDirectory: exportDirectoryFrom(env), audit, auth };
}

function trustedProxiesFrom({ TRUSTED_PROXIES: given }: NodeJS.ProcessEnv, problems: string[]): string[] {
  const proxies = given ? given.split(',').map((proxy) => proxy.trim()) : [];
  const unknown = proxies.find((proxy) => !PROXY_RANGES.has(proxy) && !isSubnet(proxy));
  if (unknown !== undefined) {
    problems.push(
      `TRUSTED_PROXIES has '${unknown}'. List addresses or subnets such as 10.0.0.0/8, or leave it out where there is no proxy.`,
    );
  }
  return proxies;
}

function isSubnet(text: string): boolean {
  const [address = '', bits, ...others] = text.split('/');
  const maxBits = { 4: 32, 6: 128 }[isIP(address)];
  if (maxBits === undefined || others.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= maxBits);
}

function exportDirectoryFrom(env: NodeJS.ProcessEnv): string {
  return env.EXPORT_DIRECTORY || DEFAULT_EXPORT_DIRECTORY;
}
