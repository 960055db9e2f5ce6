// A tenant is made in steps, some of them the application's, and from a warm pool at once.
import { randomUUID } from 'node:crypto';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { Discard } from 'nestjs-host-database/jobs';
import { MembershipsService } from 'nestjs-host-database/memberships';
import {
  InjectTenantRepository,
  type TenantProvisioningContext,
  TenantProvisionings,
  TenantProvisioningStep,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';

const ProfileSchema = defineEntity({ name: 'Profile', properties: { id: p.string().primary(), userId: p.string().unique() } });
class Profile extends ProfileSchema.class {}
ProfileSchema.setClass(Profile);
const CountrySchema = defineEntity({ name: 'Country', properties: { code: p.string().primary() } });
class Country extends CountrySchema.class {}
CountrySchema.setClass(Country);

@Injectable()
class Onboarding {
  constructor(@InjectTenantRepository(Profile) private readonly profiles: EntityRepository<Profile>) {}

  @TenantProvisioningStep({ name: 'create-owner-profile' })
  async createProfile({ ownerId = '' }: TenantProvisioningContext): Promise<string> {
    // It may be begun again: look first.
    const profile = await this.profiles.findOne({ userId: ownerId });
    return (profile ?? this.profiles.create({ id: randomUUID(), userId: ownerId })).id;
  }

  @TenantProvisioningStep({ name: 'book-domain', runsFor: 'host', compensate: 'releaseDomain' })
  async bookDomain({ tenant }: TenantProvisioningContext): Promise<void> {
    if (tenant?.slug === 'forbidden') throw new Discard('Nobody may have that domain.');
  }

  async releaseDomain({ tenant }: TenantProvisioningContext): Promise<void> {
    console.log(`${tenant?.slug}.example.com is free again`);
  }
}

const module = HostDatabaseModule.forRoot({
  tenantDatabases: {
    entities: [Profile, Country],
    // Needs nothing of the tenant, so that it is done ahead.
    seed: { warm: true, run: (em) => em.upsertMany(Country, [{ code: 'AT' }, { code: 'CH' }, { code: 'DE' }]) },
    warmPool: { size: 2 },
  },
});

@Module({ imports: [module], providers: [Onboarding] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
const [host, tenants, users] = [app.get(HostDatabase), app.get(TenantsService), app.get(UsersService)];

await host.run(async () => {
  const owner = await users.create({ email: 'ada@example.com' });
  const request = { name: 'Acme', slug: 'acme', ownerId: owner.id, idempotencyKey: 'sign-up-4711' };
  const { id } = await tenants.create(request);
  const repeated = await tenants.create(request);
  console.log(repeated.id === id ? 'one tenant for one key' : 'two tenants');
  await tenants.whenActive(id, { timeoutMs: 10_000 });
  const { profileId } = await app.get(MembershipsService).getActive({ userId: owner.id, tenantId: id });
  console.log(profileId ? 'the owner has a profile' : 'the owner has none');

  const doomed = await tenants.create({ name: 'Forbidden', slug: 'forbidden' });
  await tenants.whenActive(doomed.id, { timeoutMs: 10_000 }).catch(({ code }: { code: string }) => console.log(code));
  const provisioning = await app.get(TenantProvisionings).of(doomed.id);
  console.log(`${provisioning?.state} in ${provisioning?.failedStep}: ${provisioning?.reason}`);
});
await app.close();
