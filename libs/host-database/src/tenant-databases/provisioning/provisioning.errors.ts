import { HostDatabaseError } from '../../common/index.js';

/** Two methods have the same name of a provisioning step. Stops the boot. */
export class DuplicateProvisioningStepError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_DUPLICATE_STEP';

  constructor(
    readonly step: string,
    readonly methods: readonly [string, string],
  ) {
    super(`The provisioning step ${step} is there twice, as ${methods[0]} and ${methods[1]}. Rename one of them.`);
  }
}

/** A provisioning step cannot be what its decorator says. Stops the boot. */
export class InvalidProvisioningStepError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_INVALID_STEP';

  constructor(
    readonly step: string,
    /** What is wrong, and what to do. */
    readonly problem: string,
  ) {
    super(`The provisioning step ${step} ${problem}`);
  }
}

/** A tenant's place could not be made, and what was made of it is gone. Its job has this as its error. */
export class TenantProvisioningFailedError extends HostDatabaseError {
  readonly code = 'TENANT_DATABASES_PROVISIONING_FAILED';

  constructor(
    readonly tenantId: string,
    readonly step: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `Tenant ${tenantId} could not be provisioned: the step ${step} failed with ${reason}. Mend the cause and call ` +
        'TenantsService.retryProvisioning().',
      options,
    );
  }
}
