import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

describe.each(HTTP_ADAPTERS)('the description of the API on %s', (adapter) => {
  let app: ReferenceApp;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter, worker: false });
  });

  afterAll(async () => {
    await app.host.close();
  });

  it('is a page', async () => {
    const response = await app.anyone.get('/docs').redirects(1).expect(200).expect('content-type', /html/);

    expect(response.text).toContain('swagger-ui');
  });

  it('lists every route, what it takes, and how it refuses', async () => {
    const { body } = await app.anyone.get('/docs-json').expect(200);
    const routes = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );

    expect(routes.toSorted()).toEqual([
      'delete /auth/identities/{identityId}',
      'delete /auth/sessions',
      'delete /auth/sessions/{sessionId}',
      'delete /system/impersonations/{impersonationId}',
      'delete /system/users/{userId}',
      'delete /workspaces/{workspaceId}/invitations/{invitationId}',
      'delete /workspaces/{workspaceId}/members/{userId}',
      'delete /workspaces/{workspaceId}/projects/{projectId}',
      'delete /workspaces/{workspaceId}/roles/{roleId}',
      'get /audit-log',
      'get /audit-log/feed',
      'get /audit-log/verification',
      'get /audit-log/verifications/{verificationId}',
      'get /audit-log/{rowId}/proof',
      'get /auth/account',
      'get /auth/identities',
      'get /auth/providers',
      'get /auth/providers/{provider}',
      'get /auth/sessions',
      'get /auth/{provider}/callback',
      'get /health',
      'get /invitations/{token}',
      'get /system/users',
      'get /workspaces',
      'get /workspaces/{workspaceId}/audit-exports/{exportId}',
      'get /workspaces/{workspaceId}/audit-exports/{exportId}/file',
      'get /workspaces/{workspaceId}/audit-log',
      'get /workspaces/{workspaceId}/audit-log.csv',
      'get /workspaces/{workspaceId}/audit-log/{rowId}/proof',
      'get /workspaces/{workspaceId}/deletion-plan',
      'get /workspaces/{workspaceId}/impersonations',
      'get /workspaces/{workspaceId}/invitations',
      'get /workspaces/{workspaceId}/members',
      'get /workspaces/{workspaceId}/projects',
      'get /workspaces/{workspaceId}/projects/{projectId}',
      'get /workspaces/{workspaceId}/projects/{projectId}/tasks',
      'get /workspaces/{workspaceId}/roles',
      'patch /workspaces/{workspaceId}/members/{userId}',
      'patch /workspaces/{workspaceId}/projects/{projectId}',
      'patch /workspaces/{workspaceId}/roles/{roleId}',
      'post /audit-log/verifications',
      'post /auth/account/deactivation',
      'post /auth/account/deletion',
      'post /auth/change-email',
      'post /auth/change-password',
      'post /auth/forgotten-password',
      'post /auth/identities',
      'post /auth/reset-password',
      'post /auth/sign-in',
      'post /auth/sign-out',
      'post /auth/sign-up',
      'post /auth/verify-email',
      'post /auth/verify-email/send',
      'post /invitations/{token}/accept',
      'post /invitations/{token}/decline',
      'post /system/impersonations',
      'post /system/users/{userId}/deactivate',
      'post /system/users/{userId}/reactivate',
      'post /workspaces',
      'post /workspaces/{workspaceId}/archive',
      'post /workspaces/{workspaceId}/audit-exports',
      'post /workspaces/{workspaceId}/deletion',
      'post /workspaces/{workspaceId}/invitations',
      'post /workspaces/{workspaceId}/invitations/{invitationId}/resend',
      'post /workspaces/{workspaceId}/members',
      'post /workspaces/{workspaceId}/members/leave',
      'post /workspaces/{workspaceId}/members/transfer-ownership',
      'post /workspaces/{workspaceId}/projects',
      'post /workspaces/{workspaceId}/projects/{projectId}/tasks',
      'post /workspaces/{workspaceId}/projects/{projectId}/tasks/{taskId}/complete',
      'post /workspaces/{workspaceId}/reactivate',
      'post /workspaces/{workspaceId}/restore',
      'post /workspaces/{workspaceId}/roles',
      'post /workspaces/{workspaceId}/suspend',
    ]);
    const create = body.paths['/workspaces/{workspaceId}/projects'].post;
    expect(create.security).toEqual(expect.arrayContaining([{ bearer: [] }, { cookie: [] }]));
    expect(body.components.securitySchemes.cookie).toMatchObject({
      in: 'cookie',
      name: '__Host-session',
      description: expect.stringContaining('x-csrf-token'),
    });
    expect(create.parameters).toEqual([expect.objectContaining({ name: 'workspaceId', in: 'path' })]);
    expect(Object.keys(create.responses)).toEqual(['201', '400', '401', '403', '409', '423', '503']);
    expect(create.responses['409'].content).toEqual({
      'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } },
    });
    expect(Object.keys(body.components.schemas.ProblemDto.properties)).toEqual(
      expect.arrayContaining(['type', 'title', 'status', 'detail', 'code', 'instance', 'requestId']),
    );
    expect(body.paths['/auth/sign-up'].post.security).toBeUndefined();
    expect(Object.keys(body.paths['/auth/sign-up'].post.responses)).toEqual(['201', '400', '403', '409', '429']);
  });
});
