import { HostDatabaseError } from '../../common/index.js';
import type { TenantLeak } from './isolation-probe.js';

/** Data of one tenant was found where another can see it, or where nobody keeps the two apart. */
export class TenantLeakError extends HostDatabaseError {
  readonly code = 'TESTING_TENANT_LEAK';

  constructor(readonly leaks: readonly TenantLeak[]) {
    const list = leaks.map(({ kind, ofTenantId, where }) => `- ${kind}: ${where} (data of tenant ${ofTenantId})`);
    super(
      `The application does not keep its tenants apart:\n${list.join('\n')}\nEach names the request, table, job or key to look at.`,
    );
  }
}

/** The probe has seen nothing, so that finding no leak would mean nothing. */
export class VacuousProbeError extends HostDatabaseError {
  readonly code = 'TESTING_VACUOUS_PROBE';

  constructor(problem: string) {
    super(`The isolation probe proves nothing: ${problem}`);
  }
}
