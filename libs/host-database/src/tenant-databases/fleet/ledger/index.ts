export { MigrationLedger, type RunnerIdentity, type Settlement } from './migration-ledger.js';
export type { MigrationClaim, OutdatedRow, RunRow } from './ledger-rows.js';
