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
  assertJson(value, name, 0);
  const text = canonicalize(value);
  if (text === undefined) throw new InvalidAuditRecordError(name, 'has no JSON form');
  return text;
}

// canonicalize itself follows JSON.stringify: it turns a hole into null and a Map into {}, and two different values would
// have the same hash.
function assertJson(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) throw new InvalidAuditRecordError(path, 'holds a lone surrogate');
      return;
    case 'number':
      if (!Number.isFinite(value)) throw new InvalidAuditRecordError(path, 'is NaN or infinite');
      return;
    case 'object':
      if (value !== null) assertContainer(value, path, depth);
      return;
    default:
      throw new InvalidAuditRecordError(path, `is of type ${typeof value}`);
  }
}

function assertContainer(value: object, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new InvalidAuditRecordError(path.slice(0, 100), 'holds itself, or is nested too deeply');
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    assertJson((value as { toJSON(): unknown }).toJSON(), path, depth + 1);
  } else if (Array.isArray(value)) {
    // Not forEach, which skips holes.
    for (let index = 0; index < value.length; index++) assertJson(value[index], `${path}[${index}]`, depth + 1);
  } else {
    const tag = Object.prototype.toString.call(value);
    if (tag !== '[object Object]') throw new InvalidAuditRecordError(path, `is an ${tag.slice(1, -1)}`);
    for (const [key, member] of Object.entries(value)) {
      if (!key.isWellFormed()) throw new InvalidAuditRecordError(path, 'has a key with a lone surrogate');
      if (member !== undefined) assertJson(member, `${path}.${key}`, depth + 1);
    }
  }
}

/** Tells whether a text is exactly what {@link canonicalJson} makes of what it says: no space, no key twice, no other order. */
export function isCanonicalJson(text: string, parsed: unknown): boolean {
  try {
    return canonicalJson(parsed) === text;
  } catch {
    return false;
  }
}
