import { Injectable } from '@nestjs/common';

/** Runs work in the database of a tenant. */
export type TenantScopeRunner = <T>(tenantId: string, work: () => Promise<T>) => Promise<T>;

/** Where the room of the tenants' databases says how a job is run in one. Without it, jobs have the tenant in their context only. */
@Injectable()
export class JobTenantScope {
  private runner: { readonly run: TenantScopeRunner; readonly isDefault: boolean } | undefined;

  /** @param isDefault whether jobs with a tenant run in its database unless their handler says otherwise */
  use(run: TenantScopeRunner, isDefault: boolean): void {
    this.runner = { run, isDefault };
  }

  run<T>(tenantId: string, work: () => Promise<T>, isWanted: boolean): Promise<T> {
    return this.runner && (isWanted || this.runner.isDefault) ? this.runner.run(tenantId, work) : work();
  }
}
