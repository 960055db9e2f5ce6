import type { Response } from 'supertest';

/** What a browser sends back of the cookies of a response: by name, without those that it was told to forget. */
export function cookiesOf({ headers }: Response): ReadonlyMap<string, string> {
  const lines = (headers['set-cookie'] ?? []) as unknown as readonly string[];
  const kept = lines.filter((line) => !/;\s*max-age=0/i.test(line));
  return new Map(kept.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1, line.indexOf(';'))]));
}

/** The `Cookie` header. */
export function cookieHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
