export { assertIsolated } from './assert-isolated.js';
export { TenantLeakError, VacuousProbeError } from './isolation.errors.js';
export type {
  IsolationProbe,
  IsolationReport,
  ProbedStore,
  ProbeRequest,
  ProbeVisitor,
  TenantLeak,
  TenantLeakKind,
} from './isolation-probe.js';
