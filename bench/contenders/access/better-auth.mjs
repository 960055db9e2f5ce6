import { ForbiddenException, UnauthorizedException, UseGuards } from '@nestjs/common';
import { APIError } from 'better-auth/api';
import { fromNodeHeaders } from 'better-auth/node';
import { answer } from '../../support/answer.mjs';
import { serve, wayIn } from '../../support/access/serve.mjs';
import { migrateBetterAuth, openBetterAuth, signUp } from '../../support/better-auth.mjs';

/** What an admin of its organizations may do, and a member may not. */
const permissions = { member: ['update'] };

/** better-auth: its session, and the organization plugin's member and permission, asked by its own calls in a guard. */
answer({
  async open({ connection: { address }, configuration: { session } = {} }) {
    const { auth } = openBetterAuth({ address, session });
    await migrateBetterAuth(auth);
    const { port } = await serve({ decorators: [UseGuards(guardOf(auth))] });
    const { id: userId } = await signUp(auth, 'owner');
    const { id: tenantId } = await auth.api.createOrganization({ body: { name: 'Bench', slug: 'bench', userId } });
    const headersOf = async (name) => {
      const { id, headers } = await signUp(auth, name);
      if (name !== 'stranger') await auth.api.addMember({ body: { userId: id, organizationId: tenantId, role: name } });
      return headers;
    };
    return wayIn({ port, tenantId, headersOf });
  },
});

function guardOf(auth) {
  return {
    async canActivate(execution) {
      const request = execution.switchToHttp().getRequest();
      const headers = fromNodeHeaders(request.headers);
      const session = await auth.api.getSession({ headers });
      if (!session) throw new UnauthorizedException();
      request.user = session.user;
      if (!(await isPermitted({ headers, organizationId: request.params.tenantId }))) throw new ForbiddenException();
      return true;
    },
  };

  async function isPermitted({ headers, organizationId }) {
    try {
      return (await auth.api.hasPermission({ headers, body: { organizationId, permissions } })).success;
    } catch (error) {
      if (error instanceof APIError) return false;
      throw error;
    }
  }
}
