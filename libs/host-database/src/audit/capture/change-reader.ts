import { type EntityManager, helper } from '@mikro-orm/core';
import type { AuditedChange } from './change-recorder.js';
import { entityJson, fieldOf, REDACTED, snapshotJson } from './field-values.js';
import type { PendingWrite } from './pending-writes.js';

type Snapshot = Readonly<Record<string, unknown>>;

/**
 * Describes one write of a flush with the values before and after it. Reads what was never loaded from the database, for a row that
 * is changed or removed through a reference or was loaded in part.
 *
 * @returns nothing where nothing changes that is recorded: an update without such fields, or the removal of a row that is not there
 */
export async function readChange(em: EntityManager, write: PendingWrite): Promise<AuditedChange | undefined> {
  const { audited, entity, kind, after } = write;
  if (kind === 'updated' && after.size === 0) return undefined;
  const before = kind === 'created' ? {} : await snapshotBefore(em, write);
  if (!before) return undefined;
  const json = (key: string) =>
    write.before.has(key) ? write.before.get(key) : snapshotJson(before[key], audited.meta.properties[key], em.getPlatform());
  const isRecorded = (key: string) => !audited.ignored.has(fieldOf(audited.meta, key));
  const keysAfter = [...after.keys()].filter(isRecorded);
  if (kind === 'updated' && keysAfter.length === 0) return undefined;
  const keysBefore = kind === 'deleted' ? Object.keys(before).filter(isRecorded) : keysAfter;
  const details = {
    before: kind === 'created' ? null : valuesOf(write, keysBefore, (key) => (isKnown(key) ? json(key) : REDACTED)),
    after: kind === 'deleted' ? null : valuesOf(write, keysAfter, (key) => after.get(key)),
  };
  return {
    eventType: audited.eventTypes[kind],
    targetType: audited.targetType,
    targetId: (audited.targetId === undefined ? null : idIn(audited.targetId)) ?? helper(entity).getSerializedPrimaryKey(),
    tenantId: audited.tenant === undefined ? null : idIn(audited.tenant),
    details,
    personal: personalOf(new Set([...Object.keys(details.before ?? {}), ...Object.keys(details.after ?? {})])),
  };

  /** Whether the old value is known; that of a secret is not looked up. */
  function isKnown(key: string): boolean {
    return write.before.has(key) || (before !== undefined && key in before) || !audited.secret.has(fieldOf(audited.meta, key));
  }

  function idIn(field: string): string | null {
    const prop = audited.meta.properties[field];
    if (!prop) return null;
    const current = (entity as Record<string, unknown>)[field];
    const id = before && field in before ? json(field) : (after.get(field) ?? entityJson(current, prop, em.getPlatform()));
    return typeof id === 'string' || id == null ? (id ?? null) : JSON.stringify(id);
  }

  function personalOf(keys: ReadonlySet<string>): AuditedChange['personal'] {
    const { personal, meta, secret } = audited;
    const subjectId = personal && idIn(personal.subject);
    if (!personal || subjectId == null) return null;
    const fields = [...keys].filter((key) => personal.fields.has(fieldOf(meta, key)) && !secret.has(fieldOf(meta, key)));
    return fields.length > 0 ? { subjectId, fields } : null;
  }
}

function valuesOf(
  { audited: { meta, secret } }: PendingWrite,
  keys: readonly string[],
  valueOf: (key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(
    keys.map((key) => {
      const value = valueOf(key) ?? null;
      return [key, value !== null && secret.has(fieldOf(meta, key)) ? REDACTED : value];
    }),
  );
}

async function snapshotBefore(
  em: EntityManager,
  { audited, entity, kind, after, before }: PendingWrite,
): Promise<Snapshot | undefined> {
  const wrapped = helper(entity);
  const original = (wrapped.__originalEntityData ?? {}) as Snapshot;
  const { meta, secret, ignored, identifying } = audited;
  const wanted = meta.comparableProps.filter(({ name, embedded, version }) => {
    if (embedded || version || before.has(name)) return false;
    if (identifying.has(name)) return true;
    return !secret.has(name) && !ignored.has(name) && (kind === 'deleted' || after.has(name));
  });
  const missing = wanted.map(({ name }) => name).filter((name) => !(name in original));
  if (missing.length === 0) return original;
  const stored = await em.findOne(meta.class, wrapped.getPrimaryKey(), {
    fields: missing as never,
    filters: false,
    disableIdentityMap: true,
  });
  if (!stored) return kind === 'deleted' ? undefined : original;
  const read = em.config.getComparator(em.getMetadata()).prepareEntity(stored) as Snapshot;
  return { ...read, ...original };
}
