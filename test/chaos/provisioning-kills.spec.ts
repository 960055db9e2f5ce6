import { describe, expect, it } from '@jest/globals';
import type { DatabaseType } from 'nestjs-host-database';
import { isFullChaos, report } from '../support/chaos-arena.js';
import { startProgram } from '../support/child-process.js';
import { DOOMED } from '../support/provisioning-application.js';
import { ProvisioningArena } from '../support/provisioning-arena.js';

const around = (...names: string[]) => names.flatMap((name) => [`before ${name}`, `after ${name}`]);

const STEPS = ['choose-server', 'create-storage', 'create-user', 'migrate', 'seed', 'write-terms', 'check-name'];
/** Where a process that makes a tenant dies: before and after each step, and where a server has changed but nothing is recorded. */
const ON_THE_WAY = [...around(...STEPS.map((step) => `execute ${step}`), 'succeed'), 'after create storage', 'after create user'];
const UNDONE = ['check-name', 'write-terms', 'seed', 'migrate', 'create-user', 'create-storage', 'choose-server'];
const ON_THE_WAY_BACK = [
  ...around('giveUp', ...UNDONE.map((step) => `compensate ${step}`), 'fail'),
  'after drop user',
  'after drop storage',
];
/** Those of the gate: with what is outside of the host database, and so in no transaction. */
const SOME = [
  'before execute choose-server',
  'after create storage',
  'after create user',
  'before execute migrate',
  'before succeed',
];
const SOME_BACK = ['after giveUp', 'after drop user', 'after drop storage', 'before fail'];

describe.each<DatabaseType>(['sqlite', 'postgresql'])('processes that are killed while they provision, on %s', (type) => {
  const isThere = (place: string) => type === 'postgresql' || !place.includes('create user');

  it(
    'leave every tenant active, or nothing of it',
    async () => {
      const arena = await ProvisioningArena.open(type);
      const kills = [
        ...(isFullChaos ? ON_THE_WAY : SOME).filter(isThere).map((place) => ({ place, name: 'Acme' })),
        ...(isFullChaos ? ON_THE_WAY_BACK : SOME_BACK).map((place) => ({ place, name: DOOMED })),
      ];
      const ids: string[] = [];
      try {
        for (const { place, name } of kills) {
          ids.push(await arena.create(name));
          const { signal, stdout } = await arena.worker(place).ended;
          // It has come to where it was to die, and has died there.
          expect({ place, signal, stdout }).toEqual({ place, signal: 'SIGKILL', stdout: 'reached\n' });
          await arena.finish();
        }
        const remains = await arena.remains(ids);
        const hasUsers = type === 'postgresql';
        expect(remains).toEqual(
          kills.map(({ name }, index) =>
            name === DOOMED
              ? { id: ids[index], status: 'failed', state: 'failed', hasPlace: false, hasUser: false, isEntered: false }
              : { id: ids[index], status: 'active', state: 'succeeded', hasPlace: true, hasUser: hasUsers, isEntered: true },
          ),
        );
        const active = remains.filter(({ status }) => status === 'active').map(({ id }) => id);
        expect((await arena.files()).toSorted()).toEqual(type === 'sqlite' ? active.toSorted() : []);
        const [open] = await arena.query<{ count: number | string }>(
          `select count(*) as count from sys_tenant_provisionings where state not in ('succeeded', 'failed')`,
        );
        expect(Number(open?.count)).toBe(0);
        report(`provisioning, ${type}: ${kills.length} kills, ${active.length} active`);
      } finally {
        await arena.close(ids);
      }
    },
    isFullChaos ? 900_000 : 120_000,
  );

  it('act no more after their successor, where they were only stopped', async () => {
    const arena = await ProvisioningArena.open(type);
    const id = await arena.create('Acme');
    // It would give the tenant's user another password.
    const stopped = arena.worker(type === 'sqlite' ? 'before execute migrate' : 'before execute create-user', 'SIGSTOP');
    try {
      await stopped.said(/^reached$/m);
      await arena.finish();
      const active = {
        id,
        status: 'active',
        state: 'succeeded',
        hasPlace: true,
        hasUser: type === 'postgresql',
        isEntered: true,
      };
      expect(await arena.remains([id])).toEqual([active]);
      const row = () => arena.query('select db_url, generation, status_changed_at from core_tenants where id = ?', [id]);
      const before = await row();
      stopped.child.kill('SIGCONT');
      await stopped.ended;
      expect(await arena.remains([id])).toEqual([active]);
      expect(await row()).toEqual(before);
    } finally {
      stopped.child.kill('SIGKILL');
      await arena.close([id]);
    }
  }, 120_000);
});

// On SQLite nobody writes anything meanwhile.
describe('processes that come after one that was stopped with the lock, on postgresql', () => {
  it('wait for it, and go on when it is gone', async () => {
    const arena = await ProvisioningArena.open('postgresql');
    const id = await arena.create('Acme');
    const stopped = arena.worker('after create storage', 'SIGSTOP');
    try {
      await stopped.said(/^reached$/m);
      await expect(arena.finish(3_000)).rejects.toThrow('It is not so after 3000 ms');
      expect(await arena.remains([id])).toMatchObject([{ status: 'provisioning', hasPlace: true }]);
      stopped.child.kill('SIGKILL');
      await arena.finish();
      expect(await arena.remains([id])).toMatchObject([{ status: 'active', state: 'succeeded', isEntered: true }]);
    } finally {
      stopped.child.kill('SIGKILL');
      await arena.close([id]);
    }
  }, 120_000);
});

describe.each<DatabaseType>(['sqlite', 'postgresql'])('50 requests for one tenant from two processes, on %s', (type) => {
  async function request(arena: ProvisioningArena, tenant: object): Promise<string[]> {
    const env = { SETUP: JSON.stringify(arena.setup), TENANT: JSON.stringify(tenant), COUNT: '25' };
    const programs = [startProgram('create-tenants', { env }), startProgram('create-tenants', { env })];
    await Promise.all(programs.map((program) => program.said(/^ready$/m)));
    for (const { child } of programs) child.stdin.write('go\n');
    const outputs = await Promise.all(programs.map((program) => program.said(/^outcomes .*$/m)));
    await Promise.all(programs.map(({ ended }) => ended));
    return outputs.flatMap((output) => JSON.parse(/^outcomes (.*)$/m.exec(output)?.[1] ?? '[]') as string[]);
  }

  it('make one', async () => {
    const arena = await ProvisioningArena.open(type);
    try {
      const bySlug = await request(arena, { name: 'Acme', slug: 'acme' });
      expect(bySlug.filter((outcome) => outcome === 'TENANTS_DUPLICATE_SLUG')).toHaveLength(49);
      const byKey = await request(arena, { name: 'Globex', slug: 'globex', idempotencyKey: 'request-1' });
      expect(new Set(byKey).size).toBe(1);
      // The control: without anything in common there are as many as were asked for.
      const apart = await request(arena, { name: 'Initech' });
      expect(new Set(apart).size).toBe(50);

      const rows = await arena.query<{ name: string }>('select name from core_tenants');
      const count = (name: string) => rows.filter((row) => row.name === name).length;
      expect([count('Acme'), count('Globex'), count('Initech')]).toEqual([1, 1, 50]);
      const jobs = await arena.query(`select id from sys_jobs where job_type = 'tenants.provision-database'`);
      expect(jobs).toHaveLength(52);
    } finally {
      await arena.close([]);
    }
  }, 120_000);
});
