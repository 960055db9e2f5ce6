export { type FaultMatch, type HeldStatements, InjectedFaultError, TestFaults } from './faults/index.js';
export {
  assertIsolated,
  type IsolationProbe,
  type IsolationReport,
  type ProbedStore,
  type ProbeRequest,
  type ProbeVisitor,
  type TenantLeak,
  TenantLeakError,
  type TenantLeakKind,
  VacuousProbeError,
} from './isolation/index.js';
export { type BuildMembership, type BuildTenant, type OwnedTenant } from './builders.js';
export { createTestHost, NoHttpApplicationError, type TestHost, type TestHostOptions } from './create-test-host.js';
export { FakeClock } from './fake-clock.js';
export { FakeDomainVerifier } from './fake-domain-verifier.js';
export type { JobMatch, PayloadMatch } from './job-match.js';
export { MailNotRecordedError, RecordingMailer } from './recording-mailer.js';
export {
  FakeStripe,
  type FakeStripeApiFaults,
  type FakeStripeCheckout,
  type FakeStripeClientOptions,
  type FakeStripeFailure,
  type FakeStripeFault,
  type FakeStripeOptions,
  type FakeStripePayment,
  type FakeStripeRequest,
  type FakeStripeWebhooks,
  type OutgoingEvent,
  type WebhookDelivery,
  FakeStripeRefusedError,
  FakeStripeStoppedError,
} from './stripe/index.js';
export { TestDatabaseUrlMissingError } from './test-database.js';
export { JobNotEnqueuedError, type TestJobs } from './test-jobs.js';
