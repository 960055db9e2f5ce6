import { ApplicationStepsExplorer } from './application-steps.explorer.js';
import { ApplicationSteps } from './application-steps.registry.js';
import { BuiltInSteps } from './built-in-steps.service.js';
import { ProvisioningDeletion } from './provisioning.deletion.js';
import { LivedInPlaces } from './lived-in-places.js';
import { ProvisioningAddresses } from './provisioning-addresses.js';
import { ProvisioningEndings } from './provisioning-endings.js';
import { ProvisioningLedger } from './provisioning-ledger.js';
import { ProvisioningPlan } from './provisioning-plan.js';
import { ProvisioningRescue } from './provisioning-rescue.js';
import { ProvisioningSaga } from './provisioning-saga.js';
import { StepRunner } from './step-runner.js';
import { TenantProvisioningJob } from './tenant-provisioning.job.js';
import { TenantProvisionings } from './tenant-provisionings.service.js';

export type { ProvisioningState, ProvisioningStepStatus } from './provisioning.entities.js';
export {
  DuplicateProvisioningStepError,
  InvalidProvisioningStepError,
  TenantProvisioningFailedError,
} from './provisioning.errors.js';
export {
  type TenantProvisioningContext,
  TenantProvisioningStep,
  type TenantProvisioningStepOptions,
} from './tenant-provisioning-step.decorator.js';
export { type ProvisioningProgress, type ProvisioningStepProgress, TenantProvisionings } from './tenant-provisionings.service.js';

/** What makes the places of tenants. */
export const provisioningProviders = [
  ApplicationSteps,
  ApplicationStepsExplorer,
  BuiltInSteps,
  ProvisioningDeletion,
  LivedInPlaces,
  ProvisioningAddresses,
  ProvisioningEndings,
  ProvisioningLedger,
  ProvisioningPlan,
  ProvisioningRescue,
  ProvisioningSaga,
  StepRunner,
  TenantProvisioningJob,
  TenantProvisionings,
];
