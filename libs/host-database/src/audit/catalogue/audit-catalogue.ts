import { Inject, Injectable } from '@nestjs/common';
import { InvalidInputError, InvalidOptionError } from '../../common/index.js';
import { InvalidAuditDetailsError, UnknownAuditEventTypeError } from '../audit.errors.js';
import { AUDIT_OPTIONS, type AuditOptions } from '../audit.options.js';
import {
  type AuditEventDefinition,
  type AuditEventDefinitions,
  EVENT_TYPE_MAX_LENGTH,
  isEventType,
} from './audit-event-types.js';
import { auditEvents } from './audit-events.js';

/** Every event type that may be recorded: the library's own and those of the application. */
@Injectable()
export class AuditCatalogue {
  private readonly definitions = new Map<string, AuditEventDefinition>();

  constructor(@Inject(AUDIT_OPTIONS) { events }: AuditOptions) {
    for (const definitions of [auditEvents, ...events]) this.add(definitions);
  }

  /** @throws InvalidOptionError when a name is not of the form `room.what-happened`, or is defined already */
  add(definitions: AuditEventDefinitions): void {
    for (const [type, definition] of Object.entries(definitions)) {
      if (!isEventType(type)) {
        const form = `room.what-happened, such as memberships.granted, at most ${EVENT_TYPE_MAX_LENGTH} characters`;
        throw new InvalidOptionError('audit.events', `has '${type}', which is not an event type. Use the form ${form}.`);
      }
      const known = this.definitions.get(type);
      if (known && known !== definition) throw new InvalidOptionError('audit.events', `defines '${type}' twice.`);
      this.definitions.set(type, definition);
    }
  }

  /** @throws UnknownAuditEventTypeError */
  get(type: string): AuditEventDefinition {
    const definition = this.definitions.get(type);
    if (!definition) throw new UnknownAuditEventTypeError(type, [...this.definitions.keys()]);
    return definition;
  }

  /** Every event type, by its name. */
  get types(): string[] {
    return [...this.definitions.keys()].toSorted();
  }

  /**
   * Returns the details as their schema leaves them.
   *
   * @throws InvalidAuditDetailsError, InvalidInputError
   */
  async check(type: string, details: unknown): Promise<Record<string, unknown> | null> {
    const result = await this.get(type).details['~standard'].validate(details);
    if (result.issues) throw new InvalidAuditDetailsError(type, result.issues);
    const { value } = result;
    if (value === undefined || value === null) return null;
    if (typeof value !== 'object' || Array.isArray(value)) throw new InvalidInputError('details', 'must be an object.');
    return value as Record<string, unknown>;
  }
}
