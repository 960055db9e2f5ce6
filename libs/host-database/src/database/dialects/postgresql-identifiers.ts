/** Quotes a whole identifier: unlike `platform.quoteIdentifier()`, a dot in it names nothing else. */
export function quoteIdentifier(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
