import { pointerTo } from './sealed-text.js';

/** Returns a copy of JSON with each text replaced, in an order that is always the same; the names of fields stay. */
export function replaceTexts<T>(value: T, replace: (text: string, pointer: string) => string): T {
  return replaced(value, '') as T;

  function replaced(part: unknown, pointer: string): unknown {
    if (typeof part === 'string') return replace(part, pointer);
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map((item, index) => replaced(item, pointerTo(pointer, String(index))));
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, replaced(item, pointerTo(pointer, key))]));
  }
}
