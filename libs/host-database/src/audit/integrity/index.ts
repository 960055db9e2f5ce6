import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export interface AuditRecord {
  readonly v: 1;
  readonly id: string;
  readonly tenantId: string | null;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly outcome: 'success' | 'failure' | 'denied';
  readonly actorUserId: string | null;
  readonly impersonatorUserId: string | null;
  readonly targetType: string | null;
  readonly targetId: string | null;
  readonly requestId: string | null;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly details: Record<string, unknown> | null;
  readonly createdAt: string;
}

export function canonicalText(record: AuditRecord): string {
  return canonicalize(record)!;
}

export function leafHash(canonical: string): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(canonical, 'utf8').digest();
}
