import { describe, expect, it } from '@jest/globals';
import { type FleetCounts, NO_TENANTS } from './fleet-report.js';
import type { RunSurvey } from './ledger/ledger-rows.js';
import { courseOf } from './run-course.js';

const now = new Date('2026-11-23T12:00:00Z');
const plan = { waves: [{ size: 2, pauseMs: 50 }], stopAfterFailures: undefined, stopAtPercent: undefined };

function survey(waves: readonly Partial<FleetCounts>[], state: RunSurvey['state'] = 'running'): RunSurvey {
  const all = waves.map((counts, wave) => ({
    wave,
    counts: { ...NO_TENANTS, ...counts },
    endedAt: new Date(now.getTime() - 40),
  }));
  const sum = (of: keyof FleetCounts) => all.reduce((total, { counts }) => total + counts[of], 0);
  const counts = {
    pending: sum('pending'),
    running: sum('running'),
    done: sum('done'),
    failed: sum('failed'),
    skipped: sum('skipped'),
  };
  return { state, now, waves: all, counts, total: Object.values(counts).reduce((total, each) => total + each, 0) };
}

describe(courseOf.name, () => {
  it('goes on with a wave as long as some of it is pending, and waits for those that others are at', () => {
    expect(courseOf(survey([{ pending: 1, running: 1 }, { pending: 5 }]), plan)).toEqual({ do: 'go', wave: 0 });
    expect(courseOf(survey([{ done: 1, running: 1 }, { pending: 5 }]), plan)).toMatchObject({ do: 'wait', wave: 0 });
  });

  it('begins the next wave after the pause, if none of the canaries has failed', () => {
    const canariesDone = survey([{ done: 2 }, { pending: 5 }]);
    expect(courseOf(canariesDone, plan)).toEqual({ do: 'wait', wave: 0, ms: 10 });
    expect(courseOf({ ...canariesDone, now: new Date(now.getTime() + 10) }, plan)).toEqual({ do: 'go', wave: 1 });
    expect(courseOf(survey([{ done: 1, failed: 1 }, { pending: 5 }]), plan)).toMatchObject({ do: 'stop' });
    expect(courseOf(survey([{ failed: 1 }]), plan)).toMatchObject({ do: 'stop' });
  });

  it('goes on past failures of the rest of the fleet', () => {
    expect(courseOf(survey([{ done: 2 }, { failed: 3, pending: 2 }]), { ...plan, waves: [{ size: 2 }] })).toEqual({
      do: 'go',
      wave: 1,
    });
  });

  it('stops at a number, or a share, of failures', () => {
    const failing = survey([{ done: 16, failed: 2, pending: 2 }]);
    const none = { ...plan, waves: [] };
    expect(courseOf(failing, { ...none, stopAfterFailures: 3 })).toEqual({ do: 'go', wave: 0 });
    expect(courseOf(failing, { ...none, stopAfterFailures: 2 })).toMatchObject({ do: 'stop' });
    expect(courseOf(failing, { ...none, stopAtPercent: 11 })).toEqual({ do: 'go', wave: 0 });
    expect(courseOf(failing, { ...none, stopAtPercent: 10 })).toMatchObject({ do: 'stop' });
    expect(courseOf(survey([{ pending: 1 }]), { ...none, stopAtPercent: 0 })).toEqual({ do: 'go', wave: 0 });
  });

  it('ends where nothing is left, and leaves what somebody has ended', () => {
    expect(courseOf(survey([{ done: 2 }, { done: 3, failed: 1, skipped: 1 }]), plan)).toEqual({ do: 'complete' });
    expect(courseOf(survey([{ pending: 2 }], 'stopped'), plan)).toEqual({ do: 'leave' });
  });
});
