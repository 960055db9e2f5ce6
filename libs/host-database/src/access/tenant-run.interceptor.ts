import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { ContextService } from '../context/index.js';
import { NoTenantError, TenantDatabases } from '../tenant-databases/index.js';

/** Runs the handler in the database of the tenant that the guard has let the request into. */
@Injectable()
export class TenantRunInterceptor implements NestInterceptor {
  constructor(
    private readonly context: ContextService,
    private readonly tenantDatabases: TenantDatabases,
  ) {}

  intercept(_execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { tenantId } = this.context.current;
    if (tenantId === undefined) throw new NoTenantError();
    return from(this.tenantDatabases.run(tenantId, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }
}
