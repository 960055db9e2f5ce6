import { randomUUID } from 'node:crypto';
import { APIError } from 'better-auth/api';
import { answer } from '../../support/answer.mjs';
import { migrateBetterAuth, openBetterAuth, signUp } from '../../support/better-auth.mjs';

const OWNERLESS = `select count(*) as count from organization o where not exists (
  select 1 from member m where m."organizationId" = o.id and m.role = 'owner')`;
const LAST_OWNER = 'YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER';

let installation;

/** better-auth's organization plugin: both go by the call that people leave with. */
answer({
  async open({ connection: { address }, isFirst }) {
    installation = openBetterAuth({ address });
    if (isFirst) await migrateBetterAuth(installation.auth);
  },

  async signUpOwners() {
    return [await signUp(installation.auth, 'one'), await signUp(installation.auth, 'other')];
  },

  async found({ owners: [one, other] }) {
    const { api } = installation.auth;
    const { id } = await api.createOrganization({ body: { name: 'Bench', slug: randomUUID(), userId: one.id } });
    await api.addMember({ body: { userId: other.id, organizationId: id, role: 'owner' } });
    return id;
  },

  async leave({ organization: organizationId, owner: { headers } }) {
    try {
      await installation.auth.api.leaveOrganization({ headers, body: { organizationId } });
      return true;
    } catch (error) {
      if (error instanceof APIError && error.body?.code === LAST_OWNER) return false;
      throw error;
    }
  },

  async countOwnerless() {
    const { rows } = await installation.pool.query(OWNERLESS);
    return Number(rows[0].count);
  },
});
