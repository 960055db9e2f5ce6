import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * The event types and the shape of their details. Extend it where a type is defined, and a misspelt type does not compile:
 *
 * ```ts
 * export const projectEvents = defineAuditEvents({ 'projects.shared': { details: shared, personal: { email: 'details.userId' } } });
 *
 * declare module 'nestjs-host-database/audit' {
 *   interface AuditEventTypes extends InferAuditEvents<typeof projectEvents> {}
 * }
 * ```
 */
export interface AuditEventTypes {}

export type AuditEventType = Extract<keyof AuditEventTypes, string>;

/** The details of an event type. */
export type AuditDetails<T extends string> = T extends keyof AuditEventTypes ? AuditEventTypes[T] : unknown;

/** Whose personal data a field holds: the actor's, the target's, or those of the subject whose id another field of the details has. */
export type PersonalDataSubject = 'actor' | 'target' | `details.${string}`;

/** One event type of the catalogue. */
export interface AuditEventDefinition<D = unknown> {
  /** Raised with each change of the shape that readers have to know of. @default 1 */
  readonly version?: number;
  /** Checks the details: any Standard Schema (zod, valibot, arktype), or {@link detailsOf}. */
  readonly details: StandardSchemaV1<unknown, D>;
  /** The fields of the details that hold personal data, as `field` or `field.of.field`, and whose. */
  readonly personal?: Readonly<Record<string, PersonalDataSubject>>;
  /** What kind of thing the target is: `user`, `tenant`. */
  readonly targetType?: string;
}

export type AuditEventDefinitions = Readonly<Record<string, AuditEventDefinition>>;

/** What {@link AuditEventTypes} is extended with. */
export type InferAuditEvents<T extends AuditEventDefinitions> = {
  [K in keyof T]: T[K] extends AuditEventDefinition<infer D> ? D : never;
};

const EVENT_TYPE_PATTERN = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/;
export const EVENT_TYPE_MAX_LENGTH = 127;

/** Whether a text is of the form `room.what-happened`. */
export function isEventType(type: string): boolean {
  return EVENT_TYPE_PATTERN.test(type) && type.length <= EVENT_TYPE_MAX_LENGTH;
}

/** Defines event types, to be handed to the module as `audit.events`. */
export function defineAuditEvents<const T extends AuditEventDefinitions>(definitions: T): T {
  return definitions;
}

/** A shape that only the compiler checks. At run time anything that is JSON passes. */
export function detailsOf<D>(): StandardSchemaV1<unknown, D> {
  return { '~standard': { version: 1, vendor: 'nestjs-host-database', validate: (value) => ({ value: value as D }) } };
}
