import {
  type AnyEntity,
  EntityIdentifier,
  type EntityMetadata,
  type EntityProperty,
  Reference,
  helper,
  isRaw,
  JsonType,
  type Platform,
  Utils,
} from '@mikro-orm/core';

/** What stands in the log for a value that must not. */
export const REDACTED = '[redacted]';
/** What stands in the log for a value that only the database will know: a `raw()` expression. */
const COMPUTED = '[computed]';

/**
 * Returns the value of a field as JSON. `value` is in the form of MikroORM's snapshots and change sets: as it is stored, references
 * as keys.
 */
export function snapshotJson(value: unknown, prop: EntityProperty | undefined, platform: Platform): unknown {
  if (value == null) return null;
  if (isRaw(value)) return COMPUTED;
  const isText = typeof value === 'string';
  // A snapshot holds JSON as text on every driver, whatever the driver makes of it when it reads.
  if (isText && prop && (prop.customType instanceof JsonType || (prop.object && prop.embeddable))) return parsed(value);
  // SQLite stores dates as numbers.
  if (prop?.runtimeType === 'Date' && !(value instanceof Date)) return toJson(platform.parseDate(value as string));
  return toJson(prop?.customType ? prop.customType.convertToJSValue(value, platform) : value);
}

/** Returns the value of a field as JSON. `value` is as the entity holds it. */
export function entityJson(value: unknown, prop: EntityProperty, platform: Platform): unknown {
  const stored =
    prop.customType && value != null && !isRaw(value)
      ? prop.customType.convertToDatabaseValue(value, platform, { mode: 'serialization' })
      : value;
  return snapshotJson(stored, prop, platform);
}

/** The field of the entity that a value is in: that of the embedded object for one that is flattened into a column of its own. */
export function fieldOf(meta: EntityMetadata, key: string): string {
  const prop = meta.properties[key as never] as EntityProperty | undefined;
  return prop?.embedded?.[0] ? fieldOf(meta, prop.embedded[0]) : key;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function toJson(value: unknown): unknown {
  if (value == null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object') return typeof value === 'function' || typeof value === 'symbol' ? null : value;
  // The key of a row that is created in the same flush.
  if (value instanceof EntityIdentifier) return toJson(value.getValue());
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (Utils.isEntity<AnyEntity>(value, true)) return toJson(helper(Reference.unwrapReference(value)).getPrimaryKey());
  if (Array.isArray(value)) return value.map(toJson);
  if ('toJSON' in value && typeof value.toJSON === 'function') return toJson(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
