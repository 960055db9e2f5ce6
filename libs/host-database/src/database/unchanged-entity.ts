import {
  type AnyEntity,
  type EntityMetadata,
  type EntityProperty,
  helper,
  Reference,
  ReferenceKind,
  Type,
} from '@mikro-orm/core';

/** What a snapshot of an entity is compared by, where that takes no copy of the entity. */
interface PlainFields {
  /** Their values are their snapshots; those of a date may be a number. */
  readonly values: readonly string[];
  /** References by a single key, whose value is the snapshot. */
  readonly references: readonly { readonly name: string; readonly key: string }[];
}

const KNOWN = new WeakMap<EntityMetadata, PlainFields | 'none'>();

/** Those whose values MikroORM takes for snapshots, whatever their custom type says. */
const RAW_TYPES: ReadonlySet<string> = new Set(['number', 'string', 'boolean']);

/**
 * Whether an entity is for certain what its snapshot says, found out without MikroORM's copy of it, which takes most of the time of a
 * look at an entity that was only read. No is no answer: an entity with JSON, embedded objects or types of its own has to be copied.
 */
export function isSurelyUnchanged(entity: AnyEntity): boolean {
  const { __meta: meta, __originalEntityData: original } = helper(entity);
  if (!original) return false;
  let fields = KNOWN.get(meta);
  if (fields === undefined) KNOWN.set(meta, (fields = plainFieldsOf(meta)));
  if (fields === 'none') return false;
  const [now, before] = [entity as Record<string, unknown>, original as Record<string, unknown>];
  for (const name of fields.values) if (!isSame(now[name], before[name])) return false;
  for (const { name, key } of fields.references) {
    if (!refersToSame(now[name], { key, before: before[name] })) return false;
  }
  return true;
}

function isSame(now: unknown, before: unknown): boolean {
  // What is an object may have been changed in place, or be SQL.
  if (!isObject(now)) return now === before || (typeof now === 'boolean' && Number(now) === before);
  return now instanceof Date && (before instanceof Date || typeof before === 'number') && now.getTime() === before.valueOf();
}

function refersToSame(now: unknown, { key, before }: { readonly key: string; readonly before: unknown }): boolean {
  if (now === null || now === undefined) return now === before;
  if (!isObject(now)) return false;
  const keyNow = (Reference.unwrapReference(now) as Record<string, unknown>)[key];
  return keyNow === before && !isObject(keyNow);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function plainFieldsOf(meta: EntityMetadata): PlainFields | 'none' {
  const [values, references]: [string[], { name: string; key: string }[]] = [[], []];
  for (const prop of meta.comparableProps) {
    const target = prop.targetMeta;
    if (prop.kind === ReferenceKind.SCALAR && isPlain(prop)) {
      values.push(prop.name);
    } else if (isToOne(prop) && target && !target.compositePK && isPlain(target.getPrimaryProp(), false)) {
      references.push({ name: prop.name, key: target.getPrimaryProp().name });
    } else {
      return 'none';
    }
  }
  return { values, references };
}

function isPlain({ kind, type, array, ref, lazy, getter, embedded, customType }: EntityProperty, isKeptRaw = true): boolean {
  if (kind !== ReferenceKind.SCALAR || array || ref || lazy || getter || embedded) return false;
  return customType === undefined || (isKeptRaw && RAW_TYPES.has(type.toLowerCase())) || convertsNothing(customType);
}

/** By which it is compared is its type's own; others have what they are compared by made from the value. */
function convertsNothing(type: Type<unknown>): boolean {
  return type.convertToDatabaseValue === Type.prototype.convertToDatabaseValue && !('compareValues' in type);
}

function isToOne({ kind, owner, mapToPk, polymorphic, targetKey }: EntityProperty): boolean {
  const isOwning = kind === ReferenceKind.MANY_TO_ONE || (kind === ReferenceKind.ONE_TO_ONE && owner);
  return isOwning && !mapToPk && !polymorphic && !targetKey;
}
