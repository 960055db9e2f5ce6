import type { ProbeRequest, ProbeVisitor } from './isolation-probe.js';

/** What ids look like in an answer: those of this library, UUIDs, and numbers named so. */
const ID = /\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|(?<="(?:id|\w+Id|\w+_id)":"?)\w{1,64}/g;

export function idsIn(text: string): string[] {
  // The canaries are UUIDs with a word before them.
  return [...text.matchAll(ID)].map(([id]) => id).filter((id) => !text.includes(`canary-${id}`));
}

/**
 * Requests for one visitor to make, who signs in as themselves, and says the other's tenant wherever it is said. Each once: a second one
 * may take back what the first one has done.
 */
export function withIdsOf(requests: readonly ProbeRequest[], mine: ProbeVisitor, other: ProbeVisitor): ProbeRequest[] {
  const texts = requests.map((request) => JSON.stringify(request).replaceAll(mine.tenantId, other.tenantId));
  return [...new Set(texts)].map((text) => JSON.parse(text) as ProbeRequest);
}
