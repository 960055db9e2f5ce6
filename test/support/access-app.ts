import { type ArgumentsHost, Catch, type ExceptionFilter, type INestApplication, Injectable, Module } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import { HostDatabaseError } from 'nestjs-host-database';
import {
  type AuthenticationRequest,
  Authenticator,
  Authenticators,
  NotAuthenticatedError,
  type Principal,
} from 'nestjs-host-database/access';
import { createHttpAdapter, type HttpAdapterName } from '../../src/http/http-adapters.js';
import { statusOf } from '../../src/http/error-statuses.js';

/** Believes a header: `<user> [<tenant> [<impersonator>]]`, as if it had been verified; `-` stands for nothing. */
class HeaderAuthenticator extends Authenticator {
  constructor(private readonly header: string) {
    super();
  }

  async authenticate({ headers }: AuthenticationRequest): Promise<Principal | undefined> {
    const credential = headers[this.header];
    if (typeof credential !== 'string') return undefined;
    if (credential === 'invalid') throw new NotAuthenticatedError();
    const [userId = '', tenantId, impersonatorUserId] = credential.split(' ').map((word) => (word === '-' ? undefined : word));
    return { userId, ...(tenantId && { tenantId }), ...(impersonatorUserId && { impersonatorUserId }) };
  }
}

/** Has two headers tell who is asking: `x-user` and `x-other-user`. */
@Module({})
export class HeaderAuthentication {
  constructor(authenticators: Authenticators) {
    authenticators.add(new HeaderAuthenticator('x-user'));
    authenticators.add(new HeaderAuthenticator('x-other-user'));
  }
}

/** Answers each error with its code, and the status that the reference application gives it. */
@Catch(HostDatabaseError)
@Injectable()
class CodeFilter implements ExceptionFilter<HostDatabaseError & { readonly code: string }> {
  constructor(private readonly http: AbstractHttpAdapter) {}

  catch(error: HostDatabaseError & { readonly code: string }, host: ArgumentsHost): unknown {
    if (host.getType<string>() === 'graphql') return error;
    return this.http.reply(host.switchToHttp().getResponse(), { code: error.code }, statusOf(error));
  }
}

/** Makes the HTTP application of a test, with that filter. */
export async function accessHttp(adapter: HttpAdapterName): Promise<(module: TestingModule) => INestApplication> {
  const http = await createHttpAdapter(adapter);
  return (module) => {
    const app = module.createNestApplication(http, { logger: false });
    app.useGlobalFilters(new CodeFilter(http));
    return app;
  };
}
