import 'reflect-metadata';
import { ModulesContainer } from '@nestjs/core';
import { HostDatabase } from 'nestjs-host-database';
import { JobsService } from 'nestjs-host-database/jobs';
import { TenantStorage, TenantUsers } from 'nestjs-host-database/tenant-databases';
import { type ProvisioningSetup, startProvisioning } from '../provisioning-application.js';

/**
 * Works off the pending jobs of the database of the environment until it comes to the place that the environment names, such as `before
 * execute migrate`, and there ends without warning, or stops until it is told to go on (`SIGNAL`).
 */
type Method = (...parameters: unknown[]) => Promise<unknown>;

const [place, signal] = [process.env.PLACE ?? '', process.env.SIGNAL ?? 'SIGKILL'];
const reach = (here: string) => {
  if (here !== place) return;
  process.stdout.write('reached\n');
  process.kill(process.pid, signal);
};

/** Tells when a method begins and ends, by its name and its first argument. */
function observe(target: object, method: string, nameOf: (...parameters: unknown[]) => string): void {
  const observed = target as Record<string, Method>;
  const original = observed[method] as Method;
  observed[method] = async function (this: unknown, ...parameters) {
    const name = nameOf(...parameters);
    reach(`before ${name}`);
    const result = await original.apply(this, parameters);
    reach(`after ${name}`);
    return result;
  };
}

const app = await startProvisioning(JSON.parse(process.env.SETUP ?? '{}') as ProvisioningSetup);
const providers = [...app.get(ModulesContainer).values()].flatMap((module) => Array.from(module.providers.values()));
const find = (name: string) => providers.find((provider) => provider.name === name)?.instance as object;
for (const method of ['execute', 'compensate']) observe(find('StepRunner'), method, (step) => `${method} ${String(step)}`);
for (const method of ['succeed', 'giveUp', 'fail']) observe(find('ProvisioningEndings'), method, () => method);
// Where a server has changed and nothing is recorded yet.
for (const method of ['create', 'drop']) {
  observe(app.get(TenantStorage), method, () => `${method} storage`);
  observe(app.get(TenantUsers), method, () => `${method} user`);
}
await app.get(HostDatabase).run(() => app.get(JobsService).runPending());
await app.close();
process.stdout.write('ended\n');
