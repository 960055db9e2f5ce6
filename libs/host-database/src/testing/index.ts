export { type BuildMembership, type BuildTenant } from './builders.js';
export { createTestHost, NoHttpApplicationError, type TestHost, type TestHostOptions } from './create-test-host.js';
export { FakeClock } from './fake-clock.js';
export { FakeDomainVerifier } from './fake-domain-verifier.js';
export type { JobMatch, PayloadMatch } from './job-match.js';
export { TestDatabaseUrlMissingError } from './test-database.js';
export { JobNotEnqueuedError, type TestJobs } from './test-jobs.js';
