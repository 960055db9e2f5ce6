import type { AuditFinding, AuditReport } from '../integrity/index.js';

/** The rows that a report says were not sealed in time. */
export function overdueRows({ findings }: AuditReport): string[] {
  return findings.filter(({ kind }) => kind === 'not-sealed-in-time').flatMap(({ id }) => (id === undefined ? [] : [id]));
}

/** The report without the findings that rows were not sealed in time, for rows that were sealed after all. */
export function withoutOverdue(report: AuditReport, sealed: ReadonlySet<string>): AuditReport {
  const isSettled = ({ kind, id }: AuditFinding) => kind === 'not-sealed-in-time' && id !== undefined && sealed.has(id);
  const settled = report.findings.filter(isSettled).length;
  if (settled === 0) return report;
  const { 'not-sealed-in-time': overdue = settled, ...byKind } = report.findingsByKind;
  const left = overdue - settled;
  return {
    ...report,
    ok: report.findingsTotal === settled,
    findings: report.findings.filter((finding) => !isSettled(finding)),
    findingsTotal: report.findingsTotal - settled,
    findingsByKind: left > 0 ? { ...byKind, 'not-sealed-in-time': left } : byKind,
  };
}

/** The report with the findings that these rows are missing. */
export function withLostRows(report: AuditReport, ids: readonly string[]): AuditReport {
  if (ids.length === 0) return report;
  const { scope } = report;
  const lost = ids.map((id): AuditFinding => ({
    kind: 'missing',
    scope,
    id,
    message: `row ${id}: it is gone, before it was sealed`,
  }));
  return {
    ...report,
    ok: false,
    findings: [...report.findings, ...lost],
    findingsTotal: report.findingsTotal + lost.length,
    findingsByKind: { ...report.findingsByKind, missing: (report.findingsByKind.missing ?? 0) + lost.length },
  };
}
