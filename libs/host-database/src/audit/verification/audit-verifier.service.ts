import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { AuditSealingNotConfiguredError } from '../audit.errors.js';
import { AUDIT_OPTIONS, type AuditOptions, type AuditSealingOptions } from '../audit.options.js';
import { AuditService } from '../audit.service.js';
import { HostAuditLog } from '../host-audit-log.entity.js';
import { type AuditReport, type CheckpointCopy, HOST_SCOPE, parseCheckpointBody, verifyAuditLog } from '../integrity/index.js';
import { overdueRows, withLostRows, withoutOverdue } from './late-seals.js';
import { AuditLogReader } from './log-reader.js';
import { RetentionCutOff } from './retention-cut-off.js';

const VERIFIED_EVENT = 'audit.log-verified';
const EVERY_MS = 5_000;
const MAX_UNSEALED_MS = 60_000;
const LOOK_AGAIN_MS = 50;
/** A sealer that comes by very often is still not faster than a busy database. */
const GRACE_MIN_MS = 2_000;
const MOST_TRIES = 3;
const FINDINGS_LOGGED = 20;
const ID_LENGTH = 32;

/** What to verify, and by what. */
export interface AuditVerifyOptions {
  /** `host`, or the id of a tenant. @default all of them */
  readonly scope?: string;
  /**
   * What an anchor has kept, such as `readFileAnchor(path)`: without it a log that was cut off at its end looks whole.
   *
   * @default what the anchors of the options return from `read()`, where they have one
   */
  readonly kept?: AsyncIterable<CheckpointCopy> | Iterable<CheckpointCopy>;
  /** Called when a scope was read, and awaited. */
  readonly onProgress?: (progress: { readonly scopes: number; readonly total: number }) => Promise<void> | void;
}

/** The numbers of a verification. */
export interface AuditVerificationSummary {
  readonly verifiedAt: Date;
  /** Whether nothing was found. */
  readonly ok: boolean;
  readonly scopes: number;
  readonly checkedRows: number;
  readonly checkedCheckpoints: number;
  /** With how many checkpoints that were kept outside it was compared: with none, nobody can tell that an end was cut off. */
  readonly keptCheckpoints: number;
  /** How many there were. */
  readonly findings: number;
}

/** The result of a verification. */
export interface AuditVerificationResult extends AuditVerificationSummary {
  /** One for each scope: what was found, and what cannot be known. */
  readonly reports: readonly AuditReport[];
}

/** How one scope is verified. */
interface ScopeVerification {
  readonly scope: string;
  readonly kept: readonly CheckpointCopy[];
  readonly sealing: AuditSealingOptions;
  readonly purgedThrough: () => Promise<string | null>;
}

/** Verifies the log in the database against its checkpoints and against what anchors have kept. */
@Injectable()
export class AuditVerifier {
  private readonly logger = new Logger('Audit');

  constructor(
    private readonly reader: AuditLogReader,
    private readonly cutOff: RetentionCutOff,
    private readonly audit: AuditService,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
  ) {}

  /**
   * Reads every row and every checkpoint, in portions and beside those who write, and says what is wrong. Findings are in the result and in
   * the log of the process, they are not thrown. The run itself is recorded as `audit.log-verified`. Call it outside of a transaction.
   *
   * @throws AuditSealingNotConfiguredError without the option `audit.sealing`
   */
  async verify({ scope, kept, onProgress }: AuditVerifyOptions = {}): Promise<AuditVerificationResult> {
    const { sealing } = this.options;
    if (!sealing) throw new AuditSealingNotConfiguredError();
    const keptByScope = Map.groupBy(await this.keptCopies(kept, sealing), scopeOfCopy);
    const lost = Map.groupBy(await this.reader.lostRows(), (row) => row.scope);
    // A scope of which nothing is left in the database is known to the anchor.
    const known = [...(await this.reader.scopes()), ...keptByScope.keys(), ...lost.keys()];
    const scopes = scope === undefined ? [...new Set(known)] : [scope];
    const purgedThrough = this.cutOff.watch(sealing.publicKeys);
    const reports: AuditReport[] = [];
    for (const each of scopes) {
      const report = await this.verifyScope({ scope: each, kept: keptByScope.get(each) ?? [], sealing, purgedThrough });
      const ids = (lost.get(each) ?? []).map(({ id }) => id);
      reports.push(withLostRows(report, ids));
      await onProgress?.({ scopes: reports.length, total: scopes.length });
    }
    const compared = scopes.reduce((sum, each) => sum + (keptByScope.get(each)?.length ?? 0), 0);
    const result = { ...summarize(reports, this.clock.now()), keptCheckpoints: compared };
    this.logFindings(result);
    await this.record(result, scope);
    return result;
  }

  /** Returns the numbers of the last verification of the whole log, by whichever process; undefined where there was none. */
  async lastResult(): Promise<AuditVerificationSummary | undefined> {
    const [row] = await this.unitOfWork.run((em) =>
      em.find(
        HostAuditLog,
        { eventType: VERIFIED_EVENT, tenantId: null, targetId: null },
        { orderBy: { id: 'desc' }, limit: 1, disableIdentityMap: true },
      ),
    );
    if (!row) return undefined;
    const details = row.details as Omit<AuditVerificationSummary, 'verifiedAt' | 'ok'>;
    return { ...details, keptCheckpoints: details.keptCheckpoints ?? 0, ok: details.findings === 0, verifiedAt: row.createdAt };
  }

  private async verifyScope({ scope, kept, sealing, purgedThrough: cutOff }: ScopeVerification): Promise<AuditReport> {
    for (let tries = 1; ; tries++) {
      const purgedThrough = await cutOff();
      const report = await verifyAuditLog({
        scope,
        kept,
        purgedThrough,
        publicKeys: sealing.publicKeys,
        now: this.clock.now(),
        maxUnsealedMs: sealing.maxUnsealedMs ?? MAX_UNSEALED_MS,
        // Before the rows: a row that is sealed in between is then merely not sealed yet.
        checkpoints: this.reader.checkpoints(scope),
        rows: this.reader.rows(scope),
      });
      const settled = await this.withoutLateCommits(report, sealing.everyMs ?? EVERY_MS);
      // Retention has removed rows while they were read, or more rows came late than a report lists.
      const isStale = settled === undefined || (await cutOff()) !== purgedThrough;
      if (!isStale || tries === MOST_TRIES) return settled ?? report;
    }
  }

  /**
   * A transaction that was open for long commits old rows, which may be read before the sealer comes by. They get the time in which it comes
   * by twice, and two seconds at least; what is sealed by then is no finding. Only rows that the sealer knows of are waited for. Returns
   * undefined where that cannot be told by the report, since it does not list them all.
   */
  private async withoutLateCommits(report: AuditReport, everyMs: number): Promise<AuditReport | undefined> {
    const overdue = overdueRows(report);
    if (overdue.length === 0) return report;
    const deadline = performance.now() + Math.max(GRACE_MIN_MS, 2 * everyMs);
    for (let open = overdue; ;) {
      // Before the checkpoints: what has left the list by now is in one of them.
      const mayWait = performance.now() < deadline && (await this.reader.isAnyWaiting(open));
      const sealed = await this.sealedSince(report);
      open = overdue.filter((id) => !sealed.has(id));
      if (mayWait && open.length > 0) {
        await delay(LOOK_AGAIN_MS);
        continue;
      }
      const areAllListed = overdue.length === report.findingsByKind['not-sealed-in-time'];
      return areAllListed || open.length === overdue.length ? withoutOverdue(report, sealed) : undefined;
    }
  }

  private async sealedSince({ scope, lastCheckpoint }: AuditReport): Promise<Set<string>> {
    const sealed = new Set<string>();
    for await (const { manifest } of this.reader.checkpoints(scope, lastCheckpoint?.seq ?? 0)) {
      // As it stands there, however damaged: to judge it is for the next verification.
      for (const line of (manifest ?? '').split('\n')) sealed.add(line.slice(0, ID_LENGTH));
    }
    return sealed;
  }

  /**
   * What was given, or what the anchors have. One that cannot be read does not keep the log from being verified; that fewer copies were
   * compared is in the result.
   */
  private async keptCopies(given: AuditVerifyOptions['kept'], { anchors = [] }: AuditSealingOptions): Promise<CheckpointCopy[]> {
    const copies: CheckpointCopy[] = [];
    if (given) {
      for await (const copy of given) copies.push(copy);
      return copies;
    }
    for (const anchor of anchors) {
      try {
        if (anchor.read) for await (const { body, signature } of anchor.read()) copies.push({ body, signature });
      } catch (error) {
        this.logger.error(`The anchor ${anchor.name} cannot be read; the audit log is verified without it: ${String(error)}`);
      }
    }
    return copies;
  }

  private logFindings({ reports, findings }: AuditVerificationResult): void {
    if (findings === 0) return;
    this.logger.error(`The audit log is not as it was sealed: ${findings} findings.`);
    for (const finding of reports.flatMap((report) => report.findings).slice(0, FINDINGS_LOGGED)) {
      this.logger.error(`${finding.kind} in ${finding.scope}: ${finding.message}`);
    }
  }

  private async record(result: AuditVerificationResult, scope: string | undefined): Promise<void> {
    const { scopes, checkedRows, checkedCheckpoints, keptCheckpoints, findings } = result;
    await this.audit.recordDetached({
      eventType: VERIFIED_EVENT,
      tenantId: null,
      outcome: result.ok ? 'success' : 'failure',
      ...(scope !== undefined && { targetId: scope }),
      details: { scopes, checkedRows, checkedCheckpoints, keptCheckpoints, findings },
    });
  }
}

function summarize(reports: readonly AuditReport[], verifiedAt: Date): Omit<AuditVerificationResult, 'keptCheckpoints'> {
  const sum = (count: (report: AuditReport) => number) => reports.reduce((total, report) => total + count(report), 0);
  const findings = sum(({ findingsTotal }) => findingsTotal);
  return {
    verifiedAt,
    ok: findings === 0,
    scopes: reports.length,
    checkedRows: sum((report) => report.checkedRows),
    checkedCheckpoints: sum((report) => report.checkedCheckpoints),
    findings,
    reports,
  };
}

/** What cannot be read names no scope: the verification of the host tells of it. */
function scopeOfCopy({ body }: CheckpointCopy): string {
  try {
    return parseCheckpointBody(body).scope;
  } catch {
    return HOST_SCOPE;
  }
}
