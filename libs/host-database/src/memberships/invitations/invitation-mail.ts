import { LockMode } from '@mikro-orm/core';
import { Injectable } from '@nestjs/common';
import { Clock, genId } from '../../common/index.js';
import { UnitOfWork } from '../../database/index.js';
import { JobHandler, type JobPayload, type JobRun, JobsService } from '../../jobs/index.js';
import { TenantCatalog } from '../../tenants/index.js';
import { GlobalUser, type Mail, MailDelivery, MailLimits } from '../../users/index.js';
import { statusOfInvitation } from './invitation-summary.js';
import { makeInvitationToken, sealInvitation } from './invitation-token.js';
import { Invitation } from './invitation.entity.js';

export const MAIL_INVITATION_JOB = 'memberships.mail-invitation';

declare module '../../jobs/index.js' {
  interface JobPayloads {
    'memberships.mail-invitation': { readonly invitationId: string; readonly sendCount: number };
  }
}

/** Mails invitations. The token is made in the job, so that it is in the mail and nowhere else, not even in the job. */
@Injectable()
export class InvitationMail {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobsService,
    private readonly clock: Clock,
    private readonly delivery: MailDelivery,
    private readonly limits: MailLimits,
  ) {}

  /** @throws MailerMissingError */
  assertPossible(): void {
    this.delivery.assertMailer();
  }

  /** In the caller's transaction. Nothing is mailed to an address that was invited too often within an hour, by whichever tenants. */
  async enqueue({ id, tenant, email, sendCount }: Invitation): Promise<void> {
    if (!(await this.limits.take({ to: email, template: 'invitation' }))) return;
    await this.jobs.enqueue(MAIL_INVITATION_JOB, { invitationId: id, sendCount: sendCount ?? 1 }, { tenantId: tenant.id });
  }

  // Nothing of it is in the tenant's database, which may not be there yet.
  @JobHandler(MAIL_INVITATION_JOB, { runsFor: 'host' })
  async send({ payload }: JobRun<typeof MAIL_INVITATION_JOB>): Promise<void> {
    const mail = await this.prepare(payload);
    // Each attempt has a token of its own, and so is another mail: the one before it opens nothing any more.
    if (mail) await this.delivery.send(mail, { id: genId() });
  }

  /** Gives the invitation a token; undefined where it is not to be sent any more. */
  private async prepare({ invitationId, sendCount }: JobPayload<typeof MAIL_INVITATION_JOB>): Promise<Mail | undefined> {
    return this.unitOfWork.transactional(async (em) => {
      const locked = { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true } as const;
      const invitation = await em.findOne(Invitation, { id: invitationId }, locked);
      // Sent again since then: that has a job of its own.
      if (!invitation || invitation.sendCount !== sendCount) return undefined;
      if (statusOfInvitation(invitation, this.clock.now()) !== 'open') return undefined;
      const { name } = await em.findOneOrFail(TenantCatalog, { id: invitation.tenant.id }, { disableIdentityMap: true });
      const inviter = await em.findOne(GlobalUser, { id: invitation.invitedBy }, { disableIdentityMap: true });
      const token = makeInvitationToken(invitation.id);
      invitation.tokenHash = sealInvitation(token, invitation);
      await em.flush();
      const { email: to, role, expiresAt } = invitation;
      const data = { token, expiresAt, tenantName: name, inviterEmail: inviter?.email ?? null, role };
      return { to, template: 'invitation', data };
    });
  }
}
