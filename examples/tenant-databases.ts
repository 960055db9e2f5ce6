// Each tenant has a database of its own. A repository that was injected once reaches the tenant of the current call.
import { defineEntity, EntityRepository, p } from '@mikro-orm/core';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { InjectTenantRepository, TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';

const ProjectSchema = defineEntity({ name: 'Project', properties: { id: p.integer().primary(), title: p.string() } });
class Project extends ProjectSchema.class {}
ProjectSchema.setClass(Project);

@Injectable()
class Projects {
  constructor(@InjectTenantRepository(Project) private readonly projects: EntityRepository<Project>) {}

  add(title: string): Project {
    return this.projects.create({ title });
  }

  async titles(): Promise<string> {
    return (await this.projects.findAll()).map(({ title }) => title).join(', ');
  }
}

@Module({ imports: [HostDatabaseModule.forRoot({ tenantDatabases: { entities: [Project] } })], providers: [Projects] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });

await app.get(HostDatabase).run(async () => {
  const [tenants, databases, projects] = [app.get(TenantsService), app.get(TenantDatabases), app.get(Projects)];
  for (const name of ['Acme', 'Globex']) {
    const { id } = await tenants.create({ name });
    await tenants.whenActive(id, { timeoutMs: 10_000 });
    await databases.run(id, () => projects.add(`${name}'s first project`));
    console.log(`${name}: ${await databases.run(id, () => projects.titles())}`);
  }
});

await app.close();
