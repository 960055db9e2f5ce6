import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditService } from '../../audit/index.js';
import { assertId, assertInt32, assertText, Clock, InvalidInputError } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { UserEvents } from '../../users/index.js';
import { ACCESS_OPTIONS, type ResolvedAccessOptions } from '../access.options.js';
import { SessionEvents, type SessionsEnded } from '../sessions/session-events.js';
import type { SessionTransport } from '../sessions/session.entity.js';
import { type OpenedSession, SessionsService } from '../sessions/sessions.service.js';
import type { ImpersonationEnd } from './impersonation.audit-events.js';
import { Impersonation } from './impersonation.entity.js';
import { ImpersonationNotFoundError } from './impersonation.errors.js';
import { ImpersonationRules } from './impersonation.rules.js';
import { InPerson } from './in-person.js';

const MINUTE_MS = 60_000;
const REASON_MIN_LENGTH = 10;
const REASON_MAX_LENGTH = 500;

/** As whom to act, where, and why. */
export interface NewImpersonation {
  readonly userId: string;
  /** The only tenant that may be entered. */
  readonly tenantId: string;
  /** What for, in 10 to 500 characters: the tenant reads it. */
  readonly reason: string;
  /** @default the option `access.impersonation.maxMinutes`, which is also the most */
  readonly minutes?: number;
  /** @default 'bearer' */
  readonly transport?: SessionTransport;
}

/** An impersonation and the session in which it happens. */
export interface BegunImpersonation extends OpenedSession {
  readonly impersonation: Impersonation;
}

/** System administrators who act as somebody else, for a time, in one tenant, under its eyes. */
@Injectable()
export class ImpersonationService implements OnModuleInit {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly rules: ImpersonationRules,
    private readonly sessions: SessionsService,
    private readonly sessionEvents: SessionEvents,
    private readonly userEvents: UserEvents,
    private readonly audit: AuditService,
    private readonly inPerson: InPerson,
    private readonly clock: Clock,
    @Inject(ACCESS_OPTIONS) private readonly options: ResolvedAccessOptions,
  ) {}

  onModuleInit(): void {
    this.sessionEvents.onEnded((event) => this.onSessionsEnded(event));
    this.userEvents.onDeactivated(({ userId }) => this.endAllBy(userId));
    this.userEvents.onDeleting(({ userId }) => this.endAllBy(userId));
  }

  /**
   * Opens a session in which the actor, a system administrator who acts as nobody else, is somebody else. In that session the context has
   * both, and so has every row of the log. It ends by itself, and at once when the one is an administrator no more or the other becomes
   * one. Recorded in the tenant's log as `access.impersonation-started`, or `access.impersonation-refused`, which stays.
   *
   * @throws NotAuthenticatedError, InvalidInputError, InvalidIdError, ImpersonationRefusedError, UserNotFoundError
   */
  async begin({ userId, tenantId, reason, minutes, transport = 'bearer' }: NewImpersonation): Promise<BegunImpersonation> {
    const text = assertReason(reason);
    const lasts = this.assertMinutes(minutes);
    const adminUserId = await this.rules.assertMayBegin({ userId, tenantId });
    return this.unitOfWork.transactional(async (em) => {
      const now = this.clock.now();
      const expiresAt = new Date(now.getTime() + lasts * MINUTE_MS);
      const impersonation = em.create(Impersonation, {
        adminUserId,
        userId,
        tenant: tenantId,
        reason: text,
        startedAt: now,
        expiresAt,
      });
      await em.flush();
      const opened = await this.sessions.open({ userId, transport, impersonationId: impersonation.id });
      await this.audit.record({
        eventType: 'access.impersonation-started',
        tenantId,
        targetId: userId,
        details: { impersonationId: impersonation.id, adminUserId, reason: text, expiresAt: expiresAt.toISOString() },
      });
      return { ...opened, impersonation };
    });
  }

  /**
   * Ends an impersonation and its sessions, in every process: asked by who began it, in its session or their own, or by another system
   * administrator.
   *
   * @throws NotAuthenticatedError
   * @throws ImpersonationNotFoundError where it is over, or the actor may not end it
   */
  async end(impersonationId: string): Promise<void> {
    const impersonation = await this.unitOfWork.em.findOne(
      Impersonation,
      { id: assertId(impersonationId, 'impersonation'), endedAt: null, expiresAt: { $gt: this.clock.now() } },
      { disableIdentityMap: true },
    );
    const mayEnd = impersonation && (await this.rules.mayEnd(impersonation));
    if (!mayEnd || !(await this.close(impersonation, 'ended'))) throw new ImpersonationNotFoundError(impersonationId);
  }

  /** Returns who has acted as members of a tenant, the newest first: for the tenant to see. Whether the actor may ask is the caller's. */
  async listForTenant(tenantId: string, { limit = 100 }: { readonly limit?: number } = {}): Promise<Impersonation[]> {
    assertInt32(limit, 'limit', 1);
    const where = { tenant: assertId(tenantId, 'tenant') };
    return this.unitOfWork.em.find(Impersonation, where, { orderBy: { startedAt: 'desc', id: 'desc' }, limit });
  }

  /**
   * Refuses what only the person themselves may do. A refusal is recorded as `access.refused-while-impersonating`, and stays.
   *
   * @throws NotWhileImpersonatingError
   */
  async requireNoImpersonation(): Promise<void> {
    await this.inPerson.require();
  }

  /** However a session ends, what was done in it is over. */
  private async onSessionsEnded({ reason, sessions }: SessionsEnded): Promise<void> {
    const ids = sessions.flatMap(({ impersonationId }) => impersonationId ?? []);
    if (ids.length === 0) return;
    const where = { id: { $in: ids }, endedAt: null };
    const open = await this.unitOfWork.em.find(Impersonation, where, { disableIdentityMap: true });
    for (const impersonation of open) await this.close(impersonation, reason);
  }

  private async endAllBy(adminUserId: string): Promise<void> {
    const where = { adminUserId, endedAt: null, expiresAt: { $gt: this.clock.now() } };
    const open = await this.unitOfWork.em.find(Impersonation, where, { disableIdentityMap: true });
    for (const impersonation of open) await this.close(impersonation, 'rights-changed');
  }

  /** Of several who end it at once, one does, and it is recorded once. */
  private async close(impersonation: Impersonation, reason: ImpersonationEnd): Promise<boolean> {
    const { id, userId, adminUserId, tenant } = impersonation;
    return this.unitOfWork.transactional(async (em) => {
      const changed = await em.nativeUpdate(Impersonation, { id, endedAt: null }, { endedAt: this.clock.now() });
      if (changed === 0) return false;
      await this.audit.record({
        eventType: 'access.impersonation-ended',
        tenantId: tenant.id,
        targetId: userId,
        details: { impersonationId: id, adminUserId, reason },
      });
      await this.sessions.endOfImpersonation({ id, userId });
      return true;
    });
  }

  private assertMinutes(minutes: number | undefined): number {
    const { maxMinutes } = this.options.impersonation;
    if (minutes === undefined) return maxMinutes;
    if (assertInt32(minutes, 'minutes', 1) > maxMinutes) {
      throw new InvalidInputError('minutes', `must be a whole number from 1 to ${maxMinutes}.`);
    }
    return minutes;
  }
}

function assertReason(reason: string): string {
  const text = assertText(reason, 'reason', REASON_MAX_LENGTH);
  if (text.length >= REASON_MIN_LENGTH) return text;
  const length = `${REASON_MIN_LENGTH} to ${REASON_MAX_LENGTH}`;
  throw new InvalidInputError('reason', `must say in ${length} characters what the impersonation is for.`);
}
