import { describe, expect, it } from '@jest/globals';
import { type FleetProgress, type FleetReport, NO_TENANTS } from './fleet-report.js';
import { FleetTerminal } from './fleet-terminal.js';

const tenant = {
  tenantId: 't1',
  state: 'done',
  attempt: 1,
  from: 'M1',
  to: 'M2',
  applied: ['M2'],
  error: undefined,
  durationMs: 4.2,
} as const;
const progress: FleetProgress = { ...NO_TENANTS, runId: 'r', target: 'M2', total: 4, done: 2, pending: 2, tenant };
const failing: FleetProgress = { ...progress, tenant: { ...tenant, state: 'pending', error: 'no\nmore', applied: [] } };
const report: FleetReport = {
  ...NO_TENANTS,
  runId: 'r',
  state: 'completed',
  target: 'M2',
  stopReason: undefined,
  total: 4,
  ahead: 0,
  done: 3,
  failed: 1,
  startedAt: undefined,
  endedAt: undefined,
  failures: [{ tenantId: 't1', attempts: 3, from: 'M1', error: 'no', at: new Date(0) }],
};

function shown(isTTY: boolean, ...events: readonly FleetProgress[]) {
  let text = '';
  const terminal = new FleetTerminal({ isTTY, write: (part) => (text += part) });
  for (const each of events) terminal.show(each);
  terminal.end(report);
  return text;
}

describe(FleetTerminal.name, () => {
  it('writes a line for each tenant where nobody watches', () => {
    expect(shown(false, progress, failing).split('\n')).toEqual([
      '2/4 t1 done (4 ms) M2',
      '2/4 t1 failed at try 1 (4 ms) no',
      't1 failed 3 times: no',
      'completed: 3 of 4 tenants migrated, 1 failed, 0 skipped, 0 left; the application is at M2',
      '',
    ]);
  });

  it('draws a bar on a terminal, and keeps what went wrong on the screen', () => {
    const text = shown(true, progress, failing);
    expect(text).toContain('[###############...............] 2/4, 0 failed');
    expect(text).toContain('t1 failed at try 1 (4 ms) no\n[');
    expect(text).not.toContain('t1 done');
  });
});
