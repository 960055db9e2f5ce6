export { AuditCatalogue } from './audit-catalogue.js';
export {
  type AuditDetails,
  type AuditEventDefinition,
  type AuditEventDefinitions,
  type AuditEventType,
  type AuditEventTypes,
  defineAuditEvents,
  detailsOf,
  type InferAuditEvents,
  type PersonalDataSubject,
} from './audit-event-types.js';
