import type { TenantRoom } from '../store/index.js';

/**
 * Shares claims out between tenants, by deficit round robin: in each round every tenant that has work may take as many jobs as the
 * others, and a turn that a claim had no place for goes on in the next. A tenant with a hundred thousand jobs and one with ten get
 * the same number of turns.
 *
 * @see https://doi.org/10.1145/217382.217453 Shreedhar and Varghese, Efficient Fair Queueing Using Deficit Round Robin
 */
export class FairShare {
  /** Who is first in the next claim. */
  private first = '';
  /** What is left of its turn; 0 where it gets a new one. */
  private owed = 0;
  private latest: string | undefined;

  /** Who was the last to have a turn. */
  get last(): string | undefined {
    return this.latest;
  }

  /** Shares out up to `count` jobs, none of them more than its room. Tenants without a job are left out. */
  shareOut(tenants: readonly TenantRoom[], count: number): { fairnessKey: string; count: number }[] {
    const inTurn = this.inTurn(tenants);
    const given = new Map<string, number>();
    const quantum = Math.max(1, Math.floor(count / Math.max(1, inTurn.length)));
    // A turn that goes on is not a new one as well, or whoever ends a claim would get more than the others.
    let owed = inTurn[0]?.fairnessKey === this.first ? this.owed : 0;
    let left = count;
    let active = inTurn;
    while (left > 0 && active.length > 0) {
      const withRoom: TenantRoom[] = [];
      for (const [index, tenant] of active.entries()) {
        if (left === 0) break;
        const { fairnessKey, room } = tenant;
        const before = given.get(fairnessKey) ?? 0;
        const turn = owed > 0 ? owed : quantum;
        owed = 0;
        const taken = Math.min(turn, room - before, left);
        given.set(fairnessKey, before + taken);
        this.latest = fairnessKey;
        left -= taken;
        const hasRoom = before + taken < room;
        if (hasRoom) withRoom.push(tenant);
        if (left === 0) {
          this.owed = hasRoom ? turn - taken : 0;
          this.first = active[this.owed > 0 ? index : (index + 1) % active.length]?.fairnessKey ?? '';
        }
      }
      active = withRoom;
    }
    return [...given].filter(([, taken]) => taken > 0).map(([fairnessKey, taken]) => ({ fairnessKey, count: taken }));
  }

  /** In the order of their keys, beginning with the one whose turn it is. */
  private inTurn(tenants: readonly TenantRoom[]): readonly TenantRoom[] {
    const sorted = tenants.toSorted((a, b) => (a.fairnessKey < b.fairnessKey ? -1 : 1));
    const start = sorted.findIndex(({ fairnessKey }) => fairnessKey >= this.first);
    return start > 0 ? [...sorted.slice(start), ...sorted.slice(0, start)] : sorted;
  }
}
