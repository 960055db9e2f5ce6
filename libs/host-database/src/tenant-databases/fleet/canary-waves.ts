import type { CanaryWave } from './fleet.options.js';

/** Gives each tenant its wave: those that are named first, then by number, in the order in which the tenants came; the last is the rest. */
export function assignWaves(ids: readonly string[], waves: readonly CanaryWave[]): { id: string; wave: number }[] {
  const named = new Map<string, number>();
  waves.forEach(({ tenantIds = [] }, wave) => {
    for (const id of tenantIds) if (!named.has(id)) named.set(id, wave);
  });
  const unnamed = ids.filter((id) => !named.has(id)).toReversed();
  const wavesOf = new Map(named);
  waves.forEach(({ size, percent }, wave) => {
    const count = size ?? (percent === undefined ? 0 : Math.max(1, Math.floor((ids.length * percent) / 100)));
    for (let taken = 0; taken < count; taken++) {
      const id = unnamed.pop();
      if (id !== undefined) wavesOf.set(id, wave);
    }
  });
  return ids.map((id) => ({ id, wave: wavesOf.get(id) ?? waves.length }));
}
