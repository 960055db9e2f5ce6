import { Injectable } from '@nestjs/common';
import type { JobScope } from './job-handler.decorator.js';
import { JobTenantRequiredError, UndeclaredJobScopeError } from './jobs.errors.js';

/** Runs work in the database of a tenant. */
export type TenantScopeRunner = <T>(tenantId: string, work: () => Promise<T>) => Promise<T>;

/** Where the room of the tenants' databases says how a job is run in one. Without it, jobs have the tenant in their context only. */
@Injectable()
export class JobTenantScope {
  private runner: { readonly run: TenantScopeRunner; readonly isChoice: boolean } | undefined;

  /** @param isChoice whether there is something in the tenants' databases, so that each handler has to say where it runs */
  use(run: TenantScopeRunner, { isChoice }: { readonly isChoice: boolean }): void {
    this.runner = { run, isChoice };
  }

  /** @throws UndeclaredJobScopeError when a handler leaves open for whom it runs, and that makes a difference */
  assertDeclared(handler: string, runsFor: JobScope | undefined): void {
    if (runsFor === undefined && this.runner?.isChoice === true) throw new UndeclaredJobScopeError(handler);
  }

  /**
   * Runs the work of a job's handler where it says.
   *
   * @throws JobTenantRequiredError when it runs for a tenant and the job has none
   */
  run<T>({ jobType, tenantId }: TenantJob, runsFor: JobScope | undefined, work: () => Promise<T>): Promise<T> {
    if (runsFor !== 'tenant') return work();
    if (tenantId === null) throw new JobTenantRequiredError(jobType);
    return this.runner ? this.runner.run(tenantId, work) : work();
  }
}

/** What decides for whom a job runs. */
interface TenantJob {
  readonly jobType: string;
  readonly tenantId: string | null;
}
