import { MikroORM } from '@mikro-orm/core';
import type { FactoryProvider } from '@nestjs/common';
import { UnitOfWork } from './database/index.js';
import { HostDatabase } from './host-database.js';

/** The façade as a provider of the application, on the ORM that the module has opened and will close. */
export const hostDatabaseProvider: FactoryProvider<HostDatabase> = {
  provide: HostDatabase,
  inject: [MikroORM, UnitOfWork],
  useFactory: (orm: MikroORM, unitOfWork: UnitOfWork) => new HostDatabase(orm, unitOfWork),
};
