import { type EntityMetadata, ReferenceKind } from '@mikro-orm/core';
import { isEventType } from '../catalogue/audit-event-types.js';
import type { AuditedChangeKind, AuditedEntityOptions } from './audited-entity.options.js';

/** An entity whose changes are recorded. */
export interface AuditedEntity {
  readonly meta: EntityMetadata;
  readonly eventTypes: Readonly<Record<AuditedChangeKind, string>>;
  readonly targetType: string;
  /** The field that holds the id of the target; undefined for the primary key. */
  readonly targetId: string | undefined;
  /** The fields that are not recorded. */
  readonly ignored: ReadonlySet<string>;
  readonly secret: ReadonlySet<string>;
  readonly personal: { readonly subject: string; readonly fields: ReadonlySet<string> } | undefined;
  readonly tenant: string | undefined;
  /** The fields that say to what, whom and which tenant a record belongs: they are read also where they have not changed. */
  readonly identifying: ReadonlySet<string>;
  /** Its table and those of the many-to-many relations that it owns, in lower case. */
  readonly tables: readonly string[];
}

const TARGET_TYPE_MAX_LENGTH = 63;

export function auditedEntity<T>(meta: EntityMetadata, options: AuditedEntityOptions<T>): AuditedEntity {
  const {
    name,
    events = {},
    targetType = meta.className,
    targetId,
    fields,
    except = [],
    secret = [],
    personal,
    tenant,
  } = options;
  const pivots = meta.relations.filter(
    ({ kind, owner, pivotTable }) => kind === ReferenceKind.MANY_TO_MANY && owner && pivotTable,
  );
  const others = fields && meta.props.map((prop) => prop.name).filter((field) => !(fields as readonly string[]).includes(field));
  return {
    meta,
    eventTypes: { created: `${name}.created`, updated: `${name}.updated`, deleted: `${name}.deleted`, ...events },
    targetType,
    targetId,
    ignored: new Set(others ?? except),
    tenant,
    secret: new Set([...secret, ...meta.props.filter(({ hidden }) => hidden).map((prop) => prop.name)]),
    personal: personal && { subject: personal.subject, fields: new Set(personal.fields) },
    identifying: new Set([targetId, tenant, personal?.subject].filter((field) => field !== undefined)),
    tables: [meta.tableName, ...pivots.map(({ pivotTable }) => pivotTable)].map((table) => table.toLowerCase()),
  };
}

/** Says why the changes of an entity cannot be recorded; undefined where they can. */
export function problemOf(
  { meta, eventTypes, targetType }: AuditedEntity,
  options: AuditedEntityOptions<never>,
): string | undefined {
  if (meta.inheritanceType === 'tpt') return 'is spread over several tables';
  if (meta.virtual || meta.view) return 'is not a table';
  if (meta.getPrimaryProps().some((prop) => prop.autoincrement || prop.generated || prop.defaultRaw != null)) {
    return 'has a primary key that the database makes; make it with onCreate()';
  }
  if (options.fields && options.except) return 'has fields and except; say which are recorded, or which are not';
  const { targetId, fields = [], except = [], secret = [], personal, tenant } = options;
  const named = [targetId, tenant, personal?.subject, ...fields, ...except, ...secret, ...(personal?.fields ?? [])];
  const unknown = named.find((field) => field !== undefined && !(field in meta.properties));
  if (unknown !== undefined) return `has no field '${unknown}'`;
  const wrong = Object.values(eventTypes).find((type) => !isEventType(type));
  if (wrong !== undefined) return `would be recorded as '${wrong}', which is not of the form room.what-happened`;
  if (targetType.length === 0 || targetType.length > TARGET_TYPE_MAX_LENGTH) {
    return `has a targetType of ${targetType.length} characters; use 1 to ${TARGET_TYPE_MAX_LENGTH}`;
  }
  return undefined;
}
