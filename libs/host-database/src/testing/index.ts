export { type BuildMembership, type BuildTenant } from './builders.js';
export { createTestHost, NoHttpApplicationError, type TestHost, type TestHostOptions } from './create-test-host.js';
export { FakeClock } from './fake-clock.js';
export { TestDatabaseUrlMissingError } from './test-database.js';
