import { defineAuditEvents, detailsOf, type InferAuditEvents } from '../../audit/index.js';

/** What the log says of those who came by a provider and were not let in. Who they are is not known. */
export const signInEvents = defineAuditEvents({
  'access.sign-in-refused': {
    // The provider is the key of the options, where it is one. The reason is the error's code.
    details: detailsOf<{ provider: string | null; reason: string; problem?: string }>(),
  },
});

declare module '../../audit/index.js' {
  interface AuditEventTypes extends InferAuditEvents<typeof signInEvents> {}
}
