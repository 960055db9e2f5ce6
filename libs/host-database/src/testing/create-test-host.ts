import type { DynamicModule, INestApplication, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { Clock, HostDatabaseError } from '../common/index.js';
import { type DatabaseType, type MikroOrmPassThrough, UnitOfWork } from '../database/index.js';
import { HostDatabase, HostDatabaseModule, type HostDatabaseOptions } from '../index.js';
import { JobsService } from '../jobs/index.js';
import { MembershipsService } from '../memberships/index.js';
import { TenantDatabases, WarmTenant } from '../tenant-databases/index.js';
import { DomainVerifier, TenantAddresses, TenantCatalog, TenantsService } from '../tenants/index.js';
import { UsersService } from '../users/index.js';
import { Builders } from './builders.js';
import { FakeClock } from './fake-clock.js';
import { FakeDomainVerifier } from './fake-domain-verifier.js';
import { TestFaults } from './faults/index.js';
import { RecordingMailer } from './recording-mailer.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import { TestJobs } from './test-jobs.js';

/** A test host without an HTTP application was asked for one. */
export class NoHttpApplicationError extends HostDatabaseError {
  readonly code = 'TESTING_NO_HTTP_APPLICATION';

  constructor() {
    super('This test host has no HTTP application. Pass http to createTestHost().');
  }
}

/** What a test needs beside the host database. */
export interface TestHostOptions {
  /** @default 'sqlite', in memory */
  readonly database?: DatabaseType;
  /** The PostgreSQL server, where databases may be created. @default the environment variable `TEST_DB_URL` */
  readonly databaseUrl?: string;
  /**
   * Options of the module; the database, the directory of SQLite tenants, the mailer, the worker and the hourly look at verified domains
   * (both off) are set by the kit.
   */
  readonly options?: Omit<HostDatabaseOptions, 'database'>;
  /** Modules that the test is about. */
  readonly imports?: ModuleMetadata['imports'];
  /** Providers that the test is about. */
  readonly providers?: Provider[];
  readonly controllers?: Type[];
  /** The root module of an application that imports `HostDatabaseModule` itself, made with these options. */
  readonly application?: (options: HostDatabaseOptions) => Type | DynamicModule;
  /** Handed to MikroORM as it is: a logger that records the SQL, for one. */
  readonly mikroOrm?: MikroOrmPassThrough;
  /** Replaces providers by fakes before the module is compiled. */
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  /** Makes the HTTP application of the compiled module, with its pipes and filters: `(module) => module.createNestApplication()`. */
  readonly http?: (module: TestingModule) => INestApplication;
}

/** A started application or module on a database of its own. */
export interface TestHost extends Pick<Builders, 'newUser' | 'newTenant' | 'newTwoTenants' | 'newMembership'> {
  readonly module: TestingModule;
  /** What `http` made. */
  readonly app: INestApplication;
  readonly hostDatabase: HostDatabase;
  readonly clock: FakeClock;
  /** The DNS in which tenants prove that a domain is theirs. */
  readonly dns: FakeDomainVerifier;
  /** The mails that were sent, once their jobs have run. Not asked where the options name another one. */
  readonly mailer: RecordingMailer;
  /** What is pending: to run it, to look at it and to assert what was enqueued. */
  readonly jobs: TestJobs;
  /** Lets statements fail or wait, in one tenant's database or in the host's. */
  readonly faults: TestFaults;
  /** Options that open the same database again: a second process, or a restart. */
  readonly options: HostDatabaseOptions;
  get<T>(token: Type<T> | (abstract new (...args: never[]) => T) | string | symbol): T;
  /** Runs `work` in a unit of work, as a request would. */
  run<T>(work: () => T | Promise<T>): Promise<T>;
  /** Runs all pending jobs and returns how many there were: `jobs.drain()`. */
  runJobs(): Promise<number>;
  /** Stops everything and removes the databases. */
  close(): Promise<void>;
}

/**
 * Gives a test a fresh, migrated host database with the real module on it: SQLite in memory by default, a database of its own on a
 * PostgreSQL server when asked. Jobs run when the test says so, time passes when the test says so.
 *
 * @example
 * ```ts
 * const host = await createTestHost({ options: { tenantDatabases: { entities: [Project] } } });
 * const tenant = await host.newTenant();
 * await host.close();
 * ```
 */
export async function createTestHost(test: TestHostOptions = {}): Promise<TestHost> {
  const database = await createTestDatabase(test.database ?? 'sqlite', test.databaseUrl);
  const mailer = new RecordingMailer();
  const options: HostDatabaseOptions = {
    ...test.options,
    database: { ...database.options, ...(test.mikroOrm && { mikroOrm: test.mikroOrm }) },
    users: { mailer, ...test.options?.users },
    jobs: { worker: false, ...test.options?.jobs },
    tenantDatabases: { directory: database.tenantDirectory, ...test.options?.tenantDatabases },
    // A test that moves its clock by an hour has asked for no job.
    tenantDomains: { reverifyAfterDays: 0, ...test.options?.tenantDomains },
  };
  const clock = new FakeClock();
  const dns = new FakeDomainVerifier();
  let module: TestingModule | undefined;
  const faults = new TestFaults(() => module?.get(TenantDatabases, { strict: false }).currentTenantId);
  const watched = withFaults(options, faults);
  try {
    const builder = Test.createTestingModule({
      imports: [test.application?.(watched) ?? HostDatabaseModule.forRoot(watched), ...(test.imports ?? [])],
      providers: test.providers ?? [],
      controllers: test.controllers ?? [],
    })
      .overrideProvider(Clock)
      .useValue(clock)
      .overrideProvider(DomainVerifier)
      .useValue(dns);
    module = await (test.override?.(builder) ?? builder).compile();
    const app = test.http?.(module);
    await (app ?? module).init();
    return startedHost({ module, app, clock, dns, mailer, faults, options, database });
  } catch (error) {
    // A boot that fails leaves as little behind as a test that ends.
    await module?.close();
    await database.drop([]);
    throw error;
  }
}

/** The same options, with all connections of MikroORM watched. */
function withFaults(options: HostDatabaseOptions, faults: TestFaults): HostDatabaseOptions {
  const watching = (mikroOrm: MikroOrmPassThrough = {}): MikroOrmPassThrough => ({
    ...mikroOrm,
    async onCreateConnection(connection) {
      await mikroOrm.onCreateConnection?.(connection);
      faults.watch(connection);
    },
  });
  const { database, tenantDatabases } = options;
  return {
    ...options,
    ...(database && { database: { ...database, mikroOrm: watching(database.mikroOrm) } }),
    tenantDatabases: { ...tenantDatabases, mikroOrm: watching(tenantDatabases?.mikroOrm) },
  };
}

interface Started {
  readonly module: TestingModule;
  readonly app: INestApplication | undefined;
  readonly clock: FakeClock;
  readonly faults: TestFaults;
  readonly dns: FakeDomainVerifier;
  readonly mailer: RecordingMailer;
  readonly options: HostDatabaseOptions;
  readonly database: TestDatabase;
}

function startedHost({ module, app, clock, dns, mailer, faults, options, database }: Started): TestHost {
  const get: TestHost['get'] = (token) => module.get(token, { strict: false });
  const unitOfWork = get(UnitOfWork);
  const jobsService = get(JobsService);
  const jobs = new TestJobs(jobsService, unitOfWork);
  const builders = new Builders({
    unitOfWork,
    jobs: jobsService,
    users: get(UsersService),
    tenants: get(TenantsService),
    memberships: get(MembershipsService),
  });
  return {
    module,
    get app() {
      if (!app) throw new NoHttpApplicationError();
      return app;
    },
    hostDatabase: get(HostDatabase),
    clock,
    dns,
    mailer,
    jobs,
    faults,
    options,
    get,
    run: (work) => unitOfWork.run(work),
    runJobs: () => jobs.drain(),
    newUser: (facts) => builders.newUser(facts),
    newTenant: (facts) => builders.newTenant(facts),
    newTwoTenants: () => builders.newTwoTenants(),
    newMembership: (facts) => builders.newMembership(facts),
    async close() {
      const addresses = get(TenantAddresses);
      const tenants = await unitOfWork.run(async (em): Promise<Pick<TenantCatalog, 'id' | 'dbUrl'>[]> => [
        ...(await em.find(TenantCatalog, {})),
        // Those that were made before there is a tenant for them.
        ...(await em.find(WarmTenant, {})),
      ]);
      const located = await Promise.all(
        tenants.map(async ({ id, dbUrl }) => ({
          id,
          // A test may have spoilt it; the database is then looked for where provisioning puts it.
          dbUrl: dbUrl == null ? null : await addresses.locate({ id, dbUrl }).catch(() => null),
        })),
      );
      await (app ?? module).close();
      await database.drop(located);
    },
  };
}
