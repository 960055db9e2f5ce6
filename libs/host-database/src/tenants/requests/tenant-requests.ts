import { createHash } from 'node:crypto';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { Injectable } from '@nestjs/common';
import { assertText, Clock, InvalidInputError } from '../../common/index.js';
import { IdempotencyConflictError } from '../tenants.errors.js';
import { TenantRequest } from './tenant-request.entity.js';

/** A request to make a tenant. */
export interface RequestToClaim {
  readonly idempotencyKey: string;
  /** What was asked for. */
  readonly facts: Readonly<Record<string, string | null>>;
}

/** Which requests have made a tenant already. */
@Injectable()
export class TenantRequests {
  constructor(private readonly clock: Clock) {}

  /**
   * Takes the key of a request, in the transaction of `em`; where it is taken, returns the id of the tenant that it made. Of two at once
   * the second waits for the end of the first's transaction. A key that is taken is no error of the database, so that the caller's
   * transaction goes on.
   *
   * @throws IdempotencyConflictError when the key was used for something else
   */
  async claim(em: SqlEntityManager, { idempotencyKey, facts }: RequestToClaim): Promise<string | undefined> {
    const fingerprint = fingerprintOf(facts);
    for (;;) {
      const [claimed] = await em
        .createQueryBuilder(TenantRequest)
        .insert({ idempotencyKey, tenantId: UNSETTLED, fingerprint, createdAt: this.clock.now() })
        .onConflict('idempotencyKey')
        .ignore()
        .returning('idempotencyKey')
        .execute<object[]>('all');
      if (claimed) return undefined;
      const [former] = await em.execute<{ tenant_id: string; fingerprint: string }[]>(
        'select tenant_id, fingerprint from sys_tenant_requests where idempotency_key = ?',
        [idempotencyKey],
      );
      // Gone again: then the key is free.
      if (!former) continue;
      if (former.fingerprint !== fingerprint) throw new IdempotencyConflictError(idempotencyKey, former.tenant_id);
      return former.tenant_id;
    }
  }

  /** Says which tenant the request has made, in the same transaction: nobody sees a key without one. */
  async settle(em: SqlEntityManager, { idempotencyKey }: RequestToClaim, tenantId: string): Promise<void> {
    await em.execute('update sys_tenant_requests set tenant_id = ? where idempotency_key = ?', [tenantId, idempotencyKey]);
  }
}

const UNSETTLED = '';

/** @throws InvalidInputError */
export function assertIdempotencyKey(key: unknown): string {
  const text = assertText(key, 'idempotencyKey');
  if (text !== key) throw new InvalidInputError('idempotencyKey', 'must not begin or end with white space.');
  return text;
}

function fingerprintOf(facts: RequestToClaim['facts']): string {
  const entries = Object.entries(facts).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}
