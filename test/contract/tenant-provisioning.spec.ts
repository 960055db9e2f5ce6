import { afterEach, describe, expect, it } from '@jest/globals';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Injectable, type Provider } from '@nestjs/common';
import { genId, UnitOfWork } from 'nestjs-host-database';
import { Discard, JobsService } from 'nestjs-host-database/jobs';
import { MembershipsService } from 'nestjs-host-database/memberships';
import {
  DuplicateProvisioningStepError,
  InjectTenantRepository,
  InvalidProvisioningStepError,
  TenantDatabases,
  type TenantDatabasesOptions,
  TenantPlacement,
  type TenantProvisioningContext,
  TenantProvisionings,
  TenantProvisioningStep,
  TenantStorage,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.string().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

/** What the steps of a test have done, and what they are to fail with. */
class Log {
  readonly done: string[] = [];
  readonly failures = new Map<string, unknown[]>();
  beforeUndo: () => Promise<void> = async () => undefined;

  enter(step: string): void {
    this.done.push(step);
    const error = this.failures.get(step)?.shift();
    if (error !== undefined) throw error;
  }
}

@Injectable()
class Steps {
  constructor(
    private readonly log: Log,
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
  ) {}

  @TenantProvisioningStep({ name: 'write-terms', after: 'migrate', compensate: 'removeTerms' })
  async writeTerms({ tenant }: TenantProvisioningContext): Promise<{ terms: number }> {
    this.log.enter('write-terms');
    await this.notes.upsert({ id: 'terms', text: `Terms of ${tenant?.name}` });
    return { terms: 1 };
  }

  async removeTerms(): Promise<void> {
    this.log.enter('undo write-terms');
    await this.log.beforeUndo();
    await this.notes.nativeDelete({ id: 'terms' });
  }

  @TenantProvisioningStep({ name: 'tell-crm', after: 'write-terms', runsFor: 'host', compensate: 'tellCrmNo' })
  tellCrm(): void {
    this.log.enter('tell-crm');
  }

  tellCrmNo(): void {
    this.log.enter('undo tell-crm');
  }

  @TenantProvisioningStep({ name: 'create-owner-profile' })
  async createProfile({ ownerId }: TenantProvisioningContext): Promise<string> {
    this.log.enter('create-owner-profile');
    await this.notes.upsert({ id: 'profile', text: `Profile of ${ownerId}` });
    return 'profile';
  }
}

/** As if another process had taken the provisioning up while this step was at work. */
@Injectable()
class Overtaken {
  constructor(
    private readonly log: Log,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @TenantProvisioningStep({ name: 'overtaken' })
  async beOvertaken({ tenantId }: TenantProvisioningContext): Promise<void> {
    this.log.enter('overtaken');
    await this.unitOfWork.em.execute('update sys_tenant_provisionings set token = token + 1 where tenant_id = ?', [tenantId]);
  }
}

/** As if an application had opened the tenant itself, while its place was being made. */
@Injectable()
class Opening {
  constructor(
    private readonly placement: TenantPlacement,
    private readonly tenants: TenantsService,
  ) {}

  @TenantProvisioningStep({ name: 'opened', after: 'tell-crm', runsFor: 'host' })
  async open({ tenantId }: TenantProvisioningContext): Promise<void> {
    await this.tenants.activate(tenantId, (await this.placement.choose({ tenantId })).address);
  }
}

@Injectable()
class Crm {
  @TenantProvisioningStep({ name: 'tell-crm' })
  tell(): string {
    return genId();
  }
}

describe.each(['sqlite', 'postgresql'] as const)('provisioning on %s', (database) => {
  let host: TestHost;
  let isStarted = false;
  let log: Log;

  async function start(tenantDatabases: Partial<TenantDatabasesOptions> = {}, providers: Provider[] = [Steps]): Promise<void> {
    log = new Log();
    host = await createTestHost({
      database,
      providers: [{ provide: Log, useValue: log }, ...providers],
      options: { tenantDatabases: { entities: [Note], ...tenantDatabases } },
    });
    isStarted = true;
  }
  afterEach(async () => {
    if (isStarted) await host.close();
    isStarted = false;
  });

  const tenants = () => host.get(TenantsService);
  const create = async (facts = {}) => host.run(async () => (await tenants().create({ name: 'Acme', ...facts })).id);
  const progress = (id: string) =>
    host.run(async () => {
      const found = await host.get(TenantProvisionings).of(id);
      if (!found) throw new Error('Nothing is recorded.');
      return found;
    });
  const statuses = async (id: string) => Object.fromEntries((await progress(id)).steps.map(({ step, status }) => [step, status]));
  const notesOf = (id: string) =>
    host.run(() =>
      host.get(TenantDatabases).run(id, async (em) => (await em.find(Note, {}, { orderBy: { id: 1 } })).map(({ text }) => text)),
    );
  const exists = async (id: string) => {
    const { address } = await host.get(TenantPlacement).choose({ tenantId: id });
    return host.get(TenantStorage).exists(address);
  };
  const events = (id: string) =>
    host.run(async () => (await host.hostDatabase.auditLogs.find({ targetId: id })).map(({ eventType }) => eventType));

  describe('that succeeds', () => {
    it('does all steps in their order and records them', async () => {
      await start({ seed: (em, { name }) => em.upsert(Note, { id: 'seed', text: `Hello ${name}` }) });
      const owner = await host.newUser();
      const id = await create({ ownerId: owner.id });
      expect((await progress(id)).state).toBe('pending');
      await host.runJobs();

      const { state, steps, reason } = await progress(id);
      expect({ state, reason }).toEqual({ state: 'succeeded', reason: null });
      expect(steps.map(({ step, status, attempts }) => `${step} ${status} ${attempts}`)).toEqual([
        'choose-server done 1',
        'create-storage done 1',
        'create-user done 1',
        'migrate done 1',
        'write-terms done 1',
        'tell-crm done 1',
        'seed done 1',
        'create-owner-profile done 1',
        'activate done 1',
      ]);
      expect(log.done).toEqual(['write-terms', 'tell-crm', 'create-owner-profile']);
      expect(await notesOf(id)).toEqual([`Profile of ${owner.id}`, 'Hello Acme', 'Terms of Acme']);
      const membership = await host.run(() => host.get(MembershipsService).getActive({ userId: owner.id, tenantId: id }));
      expect(membership.profileId).toBe('profile');
      expect(await events(id)).toContain('tenants.provisioned');
      expect(await host.run(() => tenants().getById(id))).toMatchObject({ status: 'active', server: 'host', mode: 'database' });
    });

    it('leaves out what there is nobody for', async () => {
      await start();
      const id = await create();
      await host.runJobs();
      expect(log.done).toEqual(['write-terms', 'tell-crm']);
      expect(Object.keys(await statuses(id))).not.toContain('create-owner-profile');
    });
  });

  describe('that fails for the moment', () => {
    it('is tried again later, from the step that failed, and keeps the place', async () => {
      await start();
      log.failures.set('tell-crm', [new Error('The CRM is away.')]);
      const id = await create();
      await host.runJobs();
      expect(await progress(id)).toMatchObject({
        state: 'running',
        failures: 1,
        failedStep: 'tell-crm',
        reason: 'Error: The CRM is away.',
      });
      expect(await statuses(id)).toMatchObject({ 'write-terms': 'done', 'tell-crm': 'failed', activate: 'pending' });
      expect(await host.run(async () => (await tenants().getById(id)).status)).toBe('provisioning');

      host.clock.advance(60_000);
      await host.runJobs();
      expect(log.done).toEqual(['write-terms', 'tell-crm', 'tell-crm']);
      expect((await progress(id)).state).toBe('succeeded');
      expect((await progress(id)).steps.find(({ step }) => step === 'tell-crm')).toMatchObject({ attempts: 2, error: null });
    });

    it('is undone once its attempts are used up', async () => {
      await start({ provisioningAttempts: 2 });
      log.failures.set('tell-crm', [new Error('away'), new Error('still away')]);
      const id = await create();
      await host.runJobs();
      expect(await exists(id)).toBe(true);
      host.clock.advance(60_000);
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'failed', failures: 2, reason: 'Error: still away' });
      expect(await exists(id)).toBe(false);
    });
  });

  describe('that cannot succeed', () => {
    it('is undone in reverse order, says why, and begins again from nothing', async () => {
      await start();
      log.failures.set('create-owner-profile', [new Discard('No profile for that one.')]);
      const owner = await host.newUser();
      const id = await create({ ownerId: owner.id });
      await host.runJobs();

      expect(log.done).toEqual(['write-terms', 'tell-crm', 'create-owner-profile', 'undo tell-crm', 'undo write-terms']);
      expect(await progress(id)).toMatchObject({ state: 'failed', failedStep: 'create-owner-profile' });
      expect((await progress(id)).reason).toContain('No profile for that one.');
      expect(new Set(Object.values(await statuses(id)))).toEqual(new Set(['compensated', 'pending']));
      expect(await exists(id)).toBe(false);
      const failure = { code: 'TENANTS_NOT_ACTIVE', status: 'failed' };
      await expect(host.run(() => tenants().whenActive(id))).rejects.toMatchObject(failure);
      expect(await events(id)).toContain('tenants.provisioning-failed');
      const [job] = await host.run(() => host.hostDatabase.systemJobs.find({ tenantId: id }));
      expect(job).toMatchObject({ status: 'failed', errorLog: expect.stringContaining('TenantProvisioningFailedError') });

      await host.run(() => tenants().retryProvisioning(id));
      expect(await progress(id)).toMatchObject({ state: 'pending', failures: 0, reason: null });
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'succeeded' });
      expect((await notesOf(id)).length).toBe(2);
      const membership = await host.run(() => host.get(MembershipsService).getActive({ userId: owner.id, tenantId: id }));
      expect(membership.profileId).toBe('profile');
    });

    it('goes on undoing where that failed', async () => {
      await start();
      log.failures.set('tell-crm', [new Discard('no')]).set('undo write-terms', [new Error('The disk is full.')]);
      const id = await create();
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'compensating', failedStep: 'tell-crm' });
      expect(await exists(id)).toBe(true);

      host.clock.advance(60_000);
      await host.runJobs();
      expect(log.done).toEqual(['write-terms', 'tell-crm', 'undo tell-crm', 'undo write-terms', 'undo write-terms']);
      expect(await progress(id)).toMatchObject({ state: 'failed' });
      expect(await exists(id)).toBe(false);
    });

    it('leaves a step that can never be undone, and undoes what was before it', async () => {
      await start();
      log.failures.set('tell-crm', [new Discard('no')]);
      log.failures.set(
        'undo write-terms',
        Array.from({ length: 5 }, () => new Error('never')),
      );
      const id = await create();
      for (let attempt = 0; attempt < 6; attempt++) {
        await host.runJobs();
        host.clock.advance(600_000);
      }
      expect(await statuses(id)).toMatchObject({
        'write-terms': 'left',
        migrate: 'compensated',
        'create-storage': 'compensated',
      });
      expect(await exists(id)).toBe(false);
    });

    it('ends where the tenant was taken away meanwhile, without a failed job', async () => {
      await start();
      log.failures.set('tell-crm', [new Error('away')]);
      const id = await create();
      await host.runJobs();
      await host.run(() => tenants().markFailed(id));
      host.clock.advance(60_000);
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'failed' });
      expect(await exists(id)).toBe(false);
      const [job] = await host.run(() => host.hostDatabase.systemJobs.find({ tenantId: id }));
      expect(job?.status).toBe('completed');
    });
  });

  describe('whose tenant is open', () => {
    const expectOpen = async (id: string) => {
      expect(await progress(id)).toMatchObject({ state: 'succeeded', failures: 0, reason: null });
      expect(await host.run(async () => (await tenants().getById(id)).status)).toBe('active');
      expect(await notesOf(id)).toEqual(['Terms of Acme']);
      const [job] = await host.run(() => host.hostDatabase.systemJobs.find({ tenantId: id }, { orderBy: { id: -1 } }));
      expect(job?.status).toBe('completed');
    };

    it.each([1, 5])(
      'keeps its place where the answer to its last commit was lost (attempts: %i)',
      async (provisioningAttempts) => {
        await start({ provisioningAttempts });
        const service = tenants();
        const activate = service.activate.bind(service);
        let lost = 0;
        service.activate = async (...given) => {
          const tenant = await activate(...given);
          host.get(UnitOfWork).afterCommit(() => {
            lost++;
            throw new Error('Connection terminated unexpectedly');
          });
          return tenant;
        };
        const id = await create();
        await host.runJobs();
        expect(lost).toBe(1);
        await expectOpen(id);
      },
    );

    it('keeps its place where an application has opened it there', async () => {
      await start({}, [Steps, Opening]);
      const id = await create();
      await host.runJobs();
      expect(log.done).toEqual(['write-terms', 'tell-crm']);
      await expectOpen(id);
    });

    it('keeps its place where an application has opened it there and its job was cancelled', async () => {
      await start();
      log.failures.set('tell-crm', [new Error('away')]);
      const id = await create();
      await host.runJobs();
      const { address } = await host.get(TenantPlacement).choose({ tenantId: id });
      await host.run(() => tenants().activate(id, address));
      await host.run(async () => {
        const [job] = await host.hostDatabase.systemJobs.find({ tenantId: id });
        expect(await host.get(JobsService).cancel(job?.id ?? '')).toBe(true);
      });
      expect(await host.run(() => host.get(TenantProvisionings).rescueLost())).toBe(1);
      await host.runJobs();
      await expectOpen(id);
      expect(log.done).toEqual(['write-terms', 'tell-crm']);
    });

    it('keeps its place where an application opens it while it is being undone', async () => {
      await start();
      log.failures.set('tell-crm', [new Discard('no')]).set('undo write-terms', [new Error('The disk is full.')]);
      const id = await create();
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'compensating' });
      const { address } = await host.get(TenantPlacement).choose({ tenantId: id });
      // Between the look at the beginning and the first of the steps that take the place away.
      log.beforeUndo = async () => void (await host.run(() => tenants().activate(id, address)));
      host.clock.advance(60_000);
      await host.runJobs();
      expect(await exists(id)).toBe(true);
      host.clock.advance(60_000);
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'succeeded' });
    });
  });

  describe('whose process is late', () => {
    it('records nothing after another has taken it up, and is undone where that one is lost, too', async () => {
      await start({}, [Steps, Overtaken]);
      const id = await create();
      await host.runJobs();
      // The run that was overtaken has ended, and has not activated the tenant.
      expect(log.done).toEqual(['write-terms', 'tell-crm', 'overtaken']);
      expect(await statuses(id)).toMatchObject({ overtaken: 'running', activate: 'pending' });
      expect(await progress(id)).toMatchObject({ state: 'running' });

      expect(await host.run(() => host.get(TenantProvisionings).rescueLost())).toBe(1);
      expect(await host.run(() => host.get(TenantProvisionings).rescueLost())).toBe(0);
      await host.runJobs();
      expect(await progress(id)).toMatchObject({ state: 'failed', failedStep: 'activate' });
      expect(await exists(id)).toBe(false);
    });

    it('rescues none whose job is alive', async () => {
      await start();
      const id = await create();
      expect(await host.run(() => host.get(TenantProvisionings).rescueLost())).toBe(0);
      await host.runJobs();
      expect((await progress(id)).state).toBe('succeeded');
      expect(await host.run(() => host.get(TenantProvisionings).rescueLost())).toBe(0);
    });
  });

  describe('steps', () => {
    class Twice {
      @TenantProvisioningStep({ name: 'tell-crm' })
      tell(): void {
        throw new Error('never');
      }
    }
    class BuiltIn {
      @TenantProvisioningStep({ name: 'migrate' })
      migrate(): void {
        throw new Error('never');
      }
    }
    const invalid = (options: Parameters<typeof TenantProvisioningStep>[0]) => {
      class Invalid {
        @TenantProvisioningStep(options)
        step(): void {
          throw new Error('never');
        }
      }
      return Invalid;
    };

    it.each([
      ['a name that is there twice', Twice, DuplicateProvisioningStepError],
      ['the name of one of the library', BuiltIn, DuplicateProvisioningStepError],
      ['a predecessor that there is not', invalid({ name: 'x', after: 'nothing' }), InvalidProvisioningStepError],
      ['a place before there is a database', invalid({ name: 'x', after: 'choose-server' }), InvalidProvisioningStepError],
      ['a circle', invalid({ name: 'x', after: 'x' }), InvalidProvisioningStepError],
      ['a name that is none', invalid({ name: 'An x' }), InvalidProvisioningStepError],
      ['a compensation that there is not', invalid({ name: 'x', compensate: 'y' }), InvalidProvisioningStepError],
      ['being ahead of what is not', invalid({ name: 'x', after: 'tell-crm', warm: true }), InvalidProvisioningStepError],
      ['being ahead of the owner', invalid({ name: 'create-owner-profile', warm: true }), InvalidProvisioningStepError],
    ])('stop the boot for %s', async (_, provider, error) => {
      await expect(start({}, [Crm, provider])).rejects.toBeInstanceOf(error);
    });
  });
});
