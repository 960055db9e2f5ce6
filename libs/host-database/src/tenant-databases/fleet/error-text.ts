import { withoutPassword } from '../../database/index.js';

const MAX_LENGTH = 4_000;
const DEPTH = 5;
const REDACTED = '[redacted]';

/** What an error says, and what caused it, without the passwords that are known or look like one: for the ledger and for logs. */
export function errorText(error: unknown, secrets: readonly (string | undefined)[] = []): string {
  const messages: string[] = [];
  for (let each = error, depth = 0; each != null && depth < DEPTH; depth++) {
    const message = each instanceof Error ? each.message : typeof each === 'string' ? each : JSON.stringify(each);
    // A driver's exception repeats what it wraps.
    if (message !== '' && !messages.some((outer) => outer.includes(message))) messages.push(message);
    each = each instanceof Error ? each.cause : undefined;
  }
  let text = messages.join(' / ') || 'an error without a message';
  for (const secret of secrets) {
    if (secret === undefined || secret === '') continue;
    for (const form of [secret, encodeURIComponent(secret)]) text = text.replaceAll(form, REDACTED);
  }
  return text
    .replaceAll(/(\w:\/\/[^\s:/@]*):[^\s/]*@/g, `$1:${REDACTED}@`)
    .replaceAll(/\b(password|passwd|pwd|secret|token)(\s*[=:]\s*|\s+(?='))('[^']*'|"[^"]*"|[^\s,;)]+)/gi, `$1$2${REDACTED}`)
    .replaceAll('\0', '')
    .slice(0, MAX_LENGTH)
    .toWellFormed();
}

/** The password of an address, if it has one. */
export function passwordIn(address: string): string | undefined {
  return withoutPassword(address) === address ? undefined : decodeURIComponent(new URL(address).password);
}
