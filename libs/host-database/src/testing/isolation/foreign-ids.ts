import type { ProbeRequest, ProbeVisitor } from './isolation-probe.js';

/** What ids look like in an answer: those of this library, UUIDs, and numbers named so. */
const ID = /\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|(?<="(?:id|\w+Id|\w+_id)":"?)\w{1,64}/g;

export function idsIn(text: string): string[] {
  // The canaries are UUIDs with a word before them.
  return [...text.matchAll(ID)].map(([id]) => id).filter((id) => !text.includes(`canary-${id}`));
}

/** A request of the other visitor, for this one to make: they sign in as themselves, and say the other's tenant wherever it is said. */
export function withIdsOf(request: ProbeRequest, mine: ProbeVisitor, other: ProbeVisitor): ProbeRequest {
  const text = JSON.stringify(request).replaceAll(mine.tenantId, other.tenantId);
  return JSON.parse(text) as ProbeRequest;
}
