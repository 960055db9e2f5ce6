import canonicalize from 'canonicalize';
import { InvalidAuditRecordError } from './integrity.errors.js';

/** Also what ends a value that holds itself. PostgreSQL and SQLite read far deeper, people do not. */
const MAX_DEPTH = 500;

/**
 * Returns the value as RFC 8785 JSON (JCS): one text for one value, whatever order the keys came in.
 *
 * Objects with `toJSON` (dates) are taken as what it returns, properties that are `undefined` are left out, as
 * `JSON.stringify` does. All else that would silently become something else is refused.
 *
 * @throws InvalidAuditRecordError for lone surrogates, NaN, infinities, BigInt, functions, symbols, `undefined` and holes in
 * arrays, maps, sets and the like, and values that hold themselves
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown, name = 'value'): string {
  const ordering = new KeyOrdering();
  const ordered = ordering.of(value, name, 0);
  // JSON.stringify writes texts and numbers as the RFC asks, and many times faster than what sorts while it writes.
  return ordering.isPossible ? JSON.stringify(ordered) : canonicalize(value)!;
}

/**
 * Puts the keys of objects in the order of the RFC. Refuses what JSON.stringify by itself would turn into something else: a hole into
 * null, a Map into {}, and two different values would have the same hash.
 */
class KeyOrdering {
  /** Whether an object can have its keys in that order: indexes always come first, and `__proto__` is not set as others are. */
  isPossible = true;

  /** Returns the value, or a copy of it where something in it is out of order or has another form. */
  of(value: unknown, path: string, depth: number): unknown {
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'string':
        if (!value.isWellFormed()) throw new InvalidAuditRecordError(path, 'holds a lone surrogate');
        return value;
      case 'number':
        if (!Number.isFinite(value)) throw new InvalidAuditRecordError(path, 'is NaN or infinite');
        return value;
      case 'object':
        return value === null ? null : this.ofContainer(value, path, depth);
      default:
        throw new InvalidAuditRecordError(path, `is of type ${typeof value}`);
    }
  }

  private ofContainer(value: object, path: string, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new InvalidAuditRecordError(path.slice(0, 100), 'holds itself, or is nested too deeply');
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return this.of((value as { toJSON(): unknown }).toJSON(), path, depth + 1);
    }
    // Not map, which skips holes.
    if (Array.isArray(value)) {
      return Array.from(value, (item: unknown, index) => this.of(item, `${path}[${index}]`, depth + 1));
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      const tag = Object.prototype.toString.call(value);
      if (tag !== '[object Object]') throw new InvalidAuditRecordError(path, `is an ${tag.slice(1, -1)}`);
    }
    return this.ofObject(value as Readonly<Record<string, unknown>>, path, depth);
  }

  private ofObject(value: Readonly<Record<string, unknown>>, path: string, depth: number): Record<string, unknown> {
    const keys = Object.keys(value);
    const isInOrder = keys.every((key, index) => index === 0 || keys[index - 1]! < key);
    if (!isInOrder) keys.sort();
    const copy: Record<string, unknown> = {};
    for (const key of keys) {
      if (!key.isWellFormed()) throw new InvalidAuditRecordError(path, 'has a key with a lone surrogate');
      if ((!isInOrder && STARTS_AS_INDEX.test(key)) || key === '__proto__') this.isPossible = false;
      const member = value[key];
      if (member !== undefined) copy[key] = this.of(member, `${path}.${key}`, depth + 1);
    }
    return copy;
  }
}

const STARTS_AS_INDEX = /^\d/;

/** Tells whether a text is exactly what {@link canonicalJson} makes of what it says: no space, no key twice, no other order. */
export function isCanonicalJson(text: string, parsed: unknown): boolean {
  try {
    return canonicalJson(parsed) === text;
  } catch {
    return false;
  }
}
