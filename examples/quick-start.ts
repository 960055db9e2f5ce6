// The host database from a plain script. Its address comes from the DB_* environment.
import { GlobalUser, HostDatabase } from 'nestjs-host-database';

const host = await HostDatabase.fromEnv();

host.em.persist(host.em.create(GlobalUser, { email: 'ada@example.com' }));
await host.commit();

for (const user of await host.globalUsers.findAll()) {
  console.log(`${user.email} has been here since ${user.createdAt.toISOString()}`);
}

await host.close();
