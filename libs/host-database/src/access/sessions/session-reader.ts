import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { GlobalUser } from '../../users/index.js';
import type { Impersonation } from '../impersonation/impersonation.entity.js';
import { Session } from './session.entity.js';
import type { ImpersonationFacts, SessionFacts } from './session-state.js';

/** Reads what a credential says of a session, as it is in the database now. */
@Injectable()
export class SessionReader {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** The session that has, or had before it was replaced, the secret of this hash. */
  async findByHash(hash: string): Promise<SessionFacts | undefined> {
    const session = await this.unitOfWork.em.findOne(
      Session,
      { $or: [{ tokenHash: hash }, { previousTokenHash: hash }] },
      { populate: ['user', 'impersonation'], disableIdentityMap: true },
    );
    if (!session) return undefined;
    const user = session.user.$;
    const impersonation = session.impersonation?.$;
    return {
      id: session.id,
      userId: user.id,
      transport: session.transport,
      tokenHash: session.tokenHash,
      rotatedAt: session.rotatedAt,
      lastSeenAt: session.lastSeenAt,
      idleExpiresAt: session.idleExpiresAt,
      expiresAt: session.expiresAt,
      revokedAt: session.revokedAt ?? null,
      isUserDeactivated: user.deactivatedAt != null,
      impersonation: impersonation ? await this.factsOf(impersonation, user) : null,
    };
  }

  private async factsOf(impersonation: Impersonation, user: GlobalUser): Promise<ImpersonationFacts> {
    const { id, adminUserId, tenant } = impersonation;
    const admin = await this.unitOfWork.em.findOne(GlobalUser, { id: adminUserId }, { disableIdentityMap: true });
    const isOpen = impersonation.endedAt == null && impersonation.expiresAt > this.clock.now();
    const isByAdmin = admin !== null && admin.isSysAdmin && admin.deactivatedAt == null;
    return { id, adminUserId, tenantId: tenant.id, isAllowed: isOpen && isByAdmin && !user.isSysAdmin };
  }
}
