import { EntitySchema } from '@mikro-orm/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';

/** MikroORM in Nest on the same tables. Nothing here loads the library: its code is part of what the module costs. */
export async function imports({ type, bare, tables }) {
  const entities = tables.map((table) => new EntitySchema(table));
  return [MikroOrmModule.forRoot({ ...bare, driver: await driverOf(type), entities }), MikroOrmModule.forFeature(entities)];
}

async function driverOf(type) {
  if (type === 'sqlite') return (await import('@mikro-orm/sqlite')).SqliteDriver;
  return (await import('@mikro-orm/postgresql')).PostgreSqlDriver;
}
