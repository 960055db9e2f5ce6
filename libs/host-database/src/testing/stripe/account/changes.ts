/** What the attributes that differ were before: `previous_attributes` of an event. */
export function previousAttributes(before: object, after: object): Record<string, unknown> | undefined {
  const previous: Record<string, unknown> = {};
  const now = new Map<string, unknown>(Object.entries(after));
  const then = new Map<string, unknown>(Object.entries(before));
  for (const key of new Set([...then.keys(), ...now.keys()])) {
    const [was, is] = [then.get(key), now.get(key)];
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    previous[key] = isPlain(was) && isPlain(is) ? previousAttributes(was, is) : (was ?? null);
  }
  return Object.keys(previous).length > 0 ? previous : undefined;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
