import type { AuditReport } from './verification-report.js';

/** Returns reports as a text for people. */
export function reportText(reports: readonly AuditReport[]): string {
  return reports.map((report) => `${linesOf(report).map(withoutControls).join('\n')}\n`).join('\n');
}

/** Names of keys and scopes come from what is verified: they must not steer the terminal that shows them. */
function withoutControls(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, '?');
}

function linesOf(report: AuditReport): string[] {
  const { lastCheckpoint } = report;
  const hidden = report.findingsTotal - report.findings.length;
  return [
    `Scope ${report.scope}: ${report.ok ? 'nothing found' : `${report.findingsTotal} findings`}`,
    `  rows         ${report.checkedRows} checked: ${report.sealedRows} sealed, ${report.unsealedRows} not`,
    ...(report.oldestUnsealedAt === null
      ? []
      : [`               the oldest that is not sealed is of ${report.oldestUnsealedAt}`]),
    ...(report.purgedRows === 0 ? [] : [`               ${report.purgedRows} purged`]),
    `  checkpoints  ${report.checkedCheckpoints} checked` +
      (lastCheckpoint ? `, the last is ${lastCheckpoint.seq} ${lastCheckpoint.hash}` : ''),
    ...report.findings.map(({ kind, message }) => `  ${kind}: ${message}`),
    ...(hidden === 0 ? [] : [`  … and ${hidden} more: ${countsOf(report)}`]),
    'What this does not say:',
    ...report.limits.map((limit) => `  - ${limit}`),
  ];
}

function countsOf({ findingsByKind }: AuditReport): string {
  return Object.entries(findingsByKind)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}
