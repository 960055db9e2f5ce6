import type { INestApplication } from '@nestjs/common';
import type { HostDatabaseOptions } from 'nestjs-host-database';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request, { type Test } from 'supertest';
import { AppModule } from '../../src/app.module.js';
import { configureApp } from '../../src/configure-app.js';
import { createHttpAdapter, type HttpAdapterName } from '../../src/http/http-adapters.js';

export { HTTP_ADAPTERS } from '../../src/http/http-adapters.js';

/** How to start the application. */
export interface ReferenceAppOptions {
  /** @default 'express' */
  readonly adapter?: HttpAdapterName;
  /** Whether a worker provisions new workspaces. @default true */
  readonly worker?: boolean;
  /** Where its exports are; the one who passes it removes it. */
  readonly exportDirectory?: string;
  /** How its log is kept, beside the event types of the application. @default neither sealed nor encrypted */
  readonly audit?: HostDatabaseOptions['audit'];
  /** What the anchor of its log has kept. */
  readonly anchorFile?: string;
  /** How people come in, beside passwords. */
  readonly access?: HostDatabaseOptions['access'];
  /** @default more than a test asks */
  readonly guessesPerMinute?: number;
  /** Which proxies it believes. @default none */
  readonly trustedProxies?: readonly string[];
}

/** One who calls the application, with their session if they have one. */
export class Client {
  constructor(
    private readonly app: INestApplication,
    private readonly token?: string,
  ) {}

  get(path: string): Test {
    return this.authorized(request(this.app.getHttpServer()).get(path));
  }

  post(path: string, body?: object): Test {
    return this.authorized(request(this.app.getHttpServer()).post(path).send(body));
  }

  patch(path: string, body: object): Test {
    return this.authorized(request(this.app.getHttpServer()).patch(path).send(body));
  }

  delete(path: string): Test {
    return this.authorized(request(this.app.getHttpServer()).delete(path));
  }

  /** Makes a workspace and returns its id. */
  async newWorkspace(name = 'Engines'): Promise<string> {
    const response = await this.post('/workspaces', { name }).expect(201);
    return (response.body as { id: string }).id;
  }

  /** Makes a project and returns its id. */
  async newProject(workspaceId: string, name = 'Difference engine'): Promise<string> {
    const response = await this.post(`/workspaces/${workspaceId}/projects`, { name }).expect(201);
    return (response.body as { id: string }).id;
  }

  private authorized(test: Test): Test {
    return this.token === undefined ? test : test.auth(this.token, { type: 'bearer' });
  }
}

/** The reference application, listening. */
export interface ReferenceApp {
  readonly host: TestHost;
  /** Calls without a session. */
  readonly anyone: Client;
  /** Calls with the session of a token. */
  as(token: string): Client;
  /** Signs a person up and calls as them. */
  signUp(email: string): Promise<Client>;
}

export const PASSWORD = 'correct horse battery';

/** Starts the real application on a database of its own. Close `host` afterwards. */
export async function startReferenceApp({
  adapter = 'express',
  worker = true,
  audit,
  access,
  guessesPerMinute = 1_000,
  trustedProxies = [],
  ...directories
}: ReferenceAppOptions = {}): Promise<ReferenceApp> {
  const httpAdapter = await createHttpAdapter(adapter, { trustedProxies });
  const host = await createTestHost({
    options: { jobs: { worker }, ...(audit && { audit }), ...(access && { access }) },
    application: (options) => AppModule.register(options, { guessesPerMinute, ...directories }),
    http: (module) => configureApp(module.createNestApplication(httpAdapter)),
  });
  await host.app.listen(0, '127.0.0.1');
  const anyone = new Client(host.app);
  const as = (token: string) => new Client(host.app, token);
  return {
    host,
    anyone,
    as,
    async signUp(email) {
      const response = await anyone.post('/auth/sign-up', { email, password: PASSWORD }).expect(201);
      return as((response.body as { token: string }).token);
    },
  };
}
