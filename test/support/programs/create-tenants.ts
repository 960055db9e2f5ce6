import 'reflect-metadata';
import { HostDatabase, HostDatabaseError } from 'nestjs-host-database';
import { type NewTenant, TenantsService } from 'nestjs-host-database/tenants';
import { type ProvisioningSetup, startProvisioning } from '../provisioning-application.js';

/** Makes the same tenant many times at once, and prints what each request has come to. */
const app = await startProvisioning(JSON.parse(process.env.SETUP ?? '{}') as ProvisioningSetup);
const [host, tenants] = [app.get(HostDatabase), app.get(TenantsService)];
const facts = JSON.parse(process.env.TENANT ?? '{}') as NewTenant;

process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const create = () =>
  host
    .run(async () => (await tenants.create(facts)).id)
    .catch((error: unknown) => (error instanceof HostDatabaseError ? error.code : String(error)));
const outcomes = await Promise.all(Array.from({ length: Number(process.env.COUNT) }, create));
process.stdout.write(`outcomes ${JSON.stringify(outcomes)}\n`);
await app.close();
process.exit(0);
