import { describe, expect, it } from '@jest/globals';
import { PaymentRequiredError } from 'nestjs-host-database/billing';
import { PermissionRequiredError } from 'nestjs-host-database/access';
import { problemHeaders, problemOf } from './problem.js';

const request = { url: '/workspaces/1/exports?page=2', requestId: 'r1' };

describe(problemOf, () => {
  it('says what is to be paid for, until when there is grace, and where to pay', () => {
    const graceUntil = new Date('2030-01-15T00:00:00.000Z');
    const error = new PaymentRequiredError({
      tenantId: 't1',
      requires: 'subscription',
      access: { level: 'restricted', reason: 'past-due', status: 'past_due', until: null, graceUntil, needsRefresh: false },
      portalUrl: 'https://app.example.com/billing',
    });
    const problem = problemOf(error, request);
    expect(problem).toMatchObject({
      status: 402,
      title: 'Payment Required',
      code: 'BILLING_PAYMENT_REQUIRED',
      instance: '/workspaces/1/exports',
      requestId: 'r1',
      payment: {
        requires: 'subscription',
        status: 'past_due',
        level: 'restricted',
        reason: 'past-due',
        graceUntil: '2030-01-15T00:00:00.000Z',
        portalUrl: 'https://app.example.com/billing',
      },
    });
    expect(problemHeaders(problem, error)).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    });
  });

  it('says nothing of payments elsewhere', () => {
    const problem = problemOf(new PermissionRequiredError('projects.write'), request);
    expect(problem).toMatchObject({ status: 403 });
    expect(problem).not.toHaveProperty('payment');
    expect(problemHeaders(problem)).not.toHaveProperty('cache-control');
  });
});
