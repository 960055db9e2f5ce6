import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type DatabaseType, genId, HostDatabase, HostDatabaseModule } from 'nestjs-host-database';
import { PlansService } from 'nestjs-host-database/billing';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { TenantsService } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { type Program, startProgram } from './child-process.js';
import type { MembershipStep } from './membership-steps.js';
import { scratchDatabase } from './scratch-database.js';

@Module({})
class ArenaModule {}

/** A process that does what it is told. */
class Racer {
  private constructor(
    private readonly program: Program,
    private readonly lines: Interface,
  ) {}

  static async start(database: object): Promise<Racer> {
    const program = startProgram('change-members', { env: { DATABASE: JSON.stringify(database) } });
    await program.said(/^ready$/m);
    return new Racer(program, createInterface({ input: program.child.stdout }));
  }

  async perform(step: MembershipStep): Promise<string[]> {
    const answer = once(this.lines, 'line');
    this.program.child.stdin.write(`${JSON.stringify(step)}\n`);
    const outcome = await Promise.race([answer, this.program.ended]);
    if (!Array.isArray(outcome)) throw new Error(`The process ended: ${outcome.stderr}`);
    return JSON.parse(String(outcome[0])) as string[];
  }

  async end(): Promise<void> {
    this.program.child.stdin.end();
    await this.program.ended;
  }
}

/** A host database and two processes that change the members of its tenants. */
export class MembershipArena {
  private constructor(
    private readonly app: INestApplicationContext,
    private readonly racers: readonly [Racer, Racer],
    private readonly drop: () => Promise<void>,
  ) {}

  static async open(type: DatabaseType): Promise<MembershipArena> {
    const scratch = await scratchDatabase(type);
    const { options } = scratch;
    const host = HostDatabaseModule.forRoot({ database: options, jobs: { worker: false } });
    const app = await NestFactory.createApplicationContext({ module: ArenaModule, imports: [host] }, { logger: ['error'] });
    const racers = await Promise.all([Racer.start(options), Racer.start(options)]);
    return new MembershipArena(app, racers, () => scratch.drop());
  }

  /** Makes a tenant with so many owners; with so many seats, if that is said. */
  async newTenant(owners: number, seats?: number): Promise<{ readonly tenantId: string; readonly owners: readonly string[] }> {
    const planTier = `plan-${seats ?? 'open'}`;
    const limits = seats === undefined ? null : { seats };
    const ids = await this.newUsers(owners);
    return this.run(async () => {
      await this.app.get(PlansService).upsert(planTier, { name: 'Race', limits });
      const { id } = await this.app.get(TenantsService).create({ name: 'Race', planTier });
      for (const userId of ids) await this.app.get(MembershipsService).grant({ userId, tenantId: id, role: 'owner' });
      return { tenantId: id, owners: ids };
    });
  }

  newUsers(count: number): Promise<string[]> {
    const users = this.app.get(UsersService);
    return this.run(async () => {
      const ids: string[] = [];
      for (let n = 0; n < count; n++) ids.push((await users.create({ email: `${genId()}@example.com` })).id);
      return ids;
    });
  }

  /** Has the two processes go at the same time; returns what became of all that they did, sorted. */
  async race(one: MembershipStep, other: MembershipStep): Promise<string[]> {
    const outcomes = await Promise.all([this.racers[0].perform(one), this.racers[1].perform(other)]);
    return outcomes.flat().toSorted();
  }

  /** How many owners a tenant has who can sign in. */
  async countOwners(tenantId: string): Promise<number> {
    const where = { tenant: tenantId, role: 'owner', isActive: true, user: { deactivatedAt: null } } as const;
    return this.run(() => this.app.get(HostDatabase).memberships.count(where));
  }

  async countMembers(tenantId: string): Promise<number> {
    return this.run(() => this.app.get(HostDatabase).memberships.count({ tenant: tenantId, isActive: true }));
  }

  async close(): Promise<void> {
    await Promise.all(this.racers.map((racer) => racer.end()));
    await this.app.close();
    await this.drop();
  }

  private run<T>(work: () => Promise<T>): Promise<T> {
    return this.app.get(HostDatabase).run(work);
  }
}
