import type { TenantRoom } from '../store/index.js';

/**
 * Shares claims out between tenants, by deficit round robin: in each round every tenant that has work may take as many jobs as the
 * others, and what a claim had no place for is owed to it in the next. A tenant with a hundred thousand jobs and one with ten get the
 * same number of turns.
 *
 * @see https://doi.org/10.1145/217382.217453 Shreedhar and Varghese, Efficient Fair Queueing Using Deficit Round Robin
 */
export class FairShare {
  private readonly deficits = new Map<string, number>();
  /** Who is first in the next claim. */
  private first = '';

  /** The tenant after which to look for those that are next. */
  get position(): string {
    return this.first;
  }

  /** Shares out up to `count` jobs, none of them more than its room. Tenants without a job are left out. */
  shareOut(tenants: readonly TenantRoom[], count: number): { fairnessKey: string; count: number }[] {
    const inTurn = this.inTurn(tenants);
    this.forgetAllBut(tenants);
    const given = new Map<string, number>();
    const quantum = Math.max(1, Math.floor(count / Math.max(1, inTurn.length)));
    let left = count;
    let active = inTurn;
    while (left > 0 && active.length > 0) {
      const withRoom: TenantRoom[] = [];
      for (const [index, tenant] of active.entries()) {
        if (left === 0) break;
        const { fairnessKey, room } = tenant;
        const before = given.get(fairnessKey) ?? 0;
        const deficit = (this.deficits.get(fairnessKey) ?? 0) + quantum;
        const taken = Math.min(deficit, room - before, left);
        given.set(fairnessKey, before + taken);
        left -= taken;
        const hasRoom = before + taken < room;
        this.deficits.set(fairnessKey, hasRoom ? deficit - taken : 0);
        if (hasRoom) withRoom.push(tenant);
        if (left === 0) this.first = nextAfter(active, index, hasRoom && deficit > taken);
      }
      active = withRoom;
    }
    return [...given].filter(([, taken]) => taken > 0).map(([fairnessKey, taken]) => ({ fairnessKey, count: taken }));
  }

  /** Beginning with the one whose turn it is. */
  private inTurn(tenants: readonly TenantRoom[]): readonly TenantRoom[] {
    const start = tenants.findIndex(({ fairnessKey }) => fairnessKey >= this.first);
    return start > 0 ? [...tenants.slice(start), ...tenants.slice(0, start)] : tenants;
  }

  /** A tenant that has no more work has no claim to more. */
  private forgetAllBut(tenants: readonly TenantRoom[]): void {
    if (this.deficits.size === 0) return;
    const present = new Set(tenants.map(({ fairnessKey }) => fairnessKey));
    for (const key of this.deficits.keys()) if (!present.has(key)) this.deficits.delete(key);
  }
}

/** Who is first next time: the one that is still owed something, or the one behind it. */
function nextAfter(active: readonly TenantRoom[], index: number, isOwed: boolean): string {
  return active[isOwed ? index : (index + 1) % active.length]?.fairnessKey ?? '';
}
