import type { QueueLimits, Share, TenantRoom } from './job-store.interface.js';

/** Running jobs of one tenant with one concurrency key. */
export interface RunningCount {
  readonly fairnessKey: string;
  readonly concurrencyKey: string | null;
  readonly running: number;
}

/** A ready job that a limited claim could take. */
export interface Candidate {
  readonly id: string;
  readonly fairnessKey: string;
  readonly concurrencyKey: string | null;
}

/** How many more jobs of the queue may run. */
export function roomOfQueue({ maxRunning = Infinity }: QueueLimits, running: readonly RunningCount[]): number {
  return Math.max(0, maxRunning - sum(running));
}

/** How many more jobs of each tenant may run. Tenants without room are left out. */
export function roomOfTenants(
  { maxRunningPerTenant = Infinity }: QueueLimits,
  running: readonly RunningCount[],
  fairnessKeys: readonly string[],
): TenantRoom[] {
  const perTenant = new Map<string, number>();
  for (const { fairnessKey, running: count } of running) {
    perTenant.set(fairnessKey, (perTenant.get(fairnessKey) ?? 0) + count);
  }
  return fairnessKeys
    .map((fairnessKey) => ({ fairnessKey, room: maxRunningPerTenant - (perTenant.get(fairnessKey) ?? 0) }))
    .filter(({ room }) => room > 0);
}

/**
 * Takes candidates in their order until each tenant has its share. Those whose key has no room are blocked until one of their key
 * ends; those beyond the share are left alone.
 */
export function chooseCandidates(
  { maxRunningPerKey = Infinity }: QueueLimits,
  running: readonly RunningCount[],
  shares: readonly Share[],
  candidates: readonly Candidate[],
): { readonly chosen: Candidate[]; readonly blocked: Candidate[] } {
  const counts = new Map<string, number>();
  for (const { fairnessKey, concurrencyKey, running: count } of running) {
    if (concurrencyKey !== null) counts.set(keyOf(fairnessKey, concurrencyKey), count);
  }
  const left = new Map(shares.map(({ fairnessKey, count }) => [fairnessKey, count]));
  const chosen: Candidate[] = [];
  const blocked: Candidate[] = [];
  for (const candidate of candidates) {
    const { fairnessKey, concurrencyKey } = candidate;
    const share = left.get(fairnessKey) ?? 0;
    if (share === 0) continue;
    const key = concurrencyKey === null ? undefined : keyOf(fairnessKey, concurrencyKey);
    const count = key === undefined ? 0 : (counts.get(key) ?? 0);
    if (key !== undefined && count >= maxRunningPerKey) {
      blocked.push(candidate);
      continue;
    }
    if (key !== undefined) counts.set(key, count + 1);
    left.set(fairnessKey, share - 1);
    chosen.push(candidate);
  }
  return { chosen, blocked };
}

function sum(counts: readonly RunningCount[]): number {
  return counts.reduce((total, { running }) => total + running, 0);
}

function keyOf(fairnessKey: string, concurrencyKey: string): string {
  return `${fairnessKey}/${concurrencyKey}`;
}
