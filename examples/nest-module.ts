// The host database in a Nest application: repositories are injected as anywhere with MikroORM.
import { EntityManager, EntityRepository } from '@mikro-orm/core';
import { InjectRepository } from '@mikro-orm/nestjs';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GlobalUser, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';

@Injectable()
class GuestBook {
  constructor(
    @InjectRepository(GlobalUser) private readonly users: EntityRepository<GlobalUser>,
    private readonly em: EntityManager,
  ) {}

  async sign(email: string): Promise<number> {
    this.users.create({ email });
    await this.em.flush();
    return this.users.count();
  }
}

@Module({ imports: [HostDatabaseModule.forRoot()], providers: [GuestBook] })
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });

// A request has a unit of work of its own. Start-up code asks for one.
const count = await app.get(HostDatabase).run(() => app.get(GuestBook).sign('ada@example.com'));
console.log(`${count} in the guest book`);

await app.close();
