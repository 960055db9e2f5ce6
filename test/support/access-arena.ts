import { NestFactory } from '@nestjs/core';
import { type DatabaseType, genId, HostDatabase, HostDatabaseModule, type HostDatabaseOptions } from 'nestjs-host-database';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { TenantCatalog } from 'nestjs-host-database/tenants';
import { UsersService } from 'nestjs-host-database/users';
import { type Program, startProgram } from './child-process.js';
import { scratchDatabase } from './scratch-database.js';

/** Somebody in a tenant. */
export interface Somebody {
  readonly userId: string;
  readonly tenantId: string;
}

/** What another process says of somebody. */
interface GateAnswer {
  /** `in`, or the code of the refusal. */
  readonly outcome: string;
  readonly statements: number;
}

/** A process that lets people in, or not. */
export interface Gate {
  readonly program: Program;
  enter(somebody: Somebody, sessionId?: string): Promise<GateAnswer>;
  hears(): Promise<boolean>;
}

/** An application that changes who may do what, and other processes on the same database. */
export interface AccessArena {
  readonly host: HostDatabase;
  readonly get: <T>(token: abstract new (...args: never[]) => T) => T;
  /** Somebody who is a member of a tenant that nobody else is in, beside its owner. */
  newMember(): Promise<Somebody>;
  startGate(options?: HostDatabaseOptions): Promise<Gate>;
  /** Ends the processes that were started. */
  endGates(): Promise<void>;
  close(): Promise<void>;
}

/** Opens one. */
export async function openAccessArena(type: DatabaseType): Promise<AccessArena> {
  const scratch = await scratchDatabase(type);
  const module = HostDatabaseModule.forRoot({ database: scratch.options, jobs: { worker: false } });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  const host = app.get(HostDatabase);
  const gates: Program[] = [];

  const endGates = async () => {
    for (const program of gates.splice(0)) {
      program.child.stdin.end();
      await program.ended;
    }
  };
  return {
    host,
    get: (token) => app.get(token),
    endGates,
    newMember: () =>
      host.run(async () => {
        const tenantId = genId();
        const place = { dbUrl: `postgresql://localhost/none_${tenantId}`, status: 'active', isActive: true } as const;
        host.em.create(TenantCatalog, { id: tenantId, name: 'Acme', ...place });
        await host.em.flush();
        const newUser = () => app.get(UsersService).create({ email: `user-${genId()}@example.com` });
        const [owner, member] = [await newUser(), await newUser()];
        await app.get(MembershipsService).grant({ userId: owner.id, tenantId, role: 'owner' });
        await app.get(MembershipsService).grant({ userId: member.id, tenantId });
        return { userId: member.id, tenantId };
      }),
    async startGate(options = {}) {
      const program = startProgram('access-gate', {
        env: { OPTIONS: JSON.stringify({ ...options, database: scratch.options, jobs: { worker: false } }) },
      });
      gates.push(program);
      await program.said(/^ready$/m);
      let asked = 0;
      const ask = async (question: string) => {
        const number = ++asked;
        program.child.stdin.write(`${number} ${question}\n`);
        const said = await program.said(new RegExp(`^${number} .*\n`, 'm'));
        const [, outcome = '', statements] = new RegExp(`^${number} (\\S+) (\\d+)\n`, 'm').exec(said) ?? [];
        return { outcome, statements: Number(statements) };
      };
      return {
        program,
        enter: ({ userId, tenantId }, sessionId = '') => ask(`enter ${userId} ${tenantId} ${sessionId}`.trim()),
        hears: async () => (await ask('hears')).outcome === 'true',
      };
    },
    async close() {
      await endGates();
      await app.close();
      await scratch.drop();
    },
  };
}
