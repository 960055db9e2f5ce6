import { type CryptoKey, decodeJwt, type JWTPayload, SignJWT } from 'jose';

/** What an endpoint answers. */
export type Answer = Record<string, unknown>;

/** Requests to a provider, whose answers a test can change on the way. */
export class TamperedFetch {
  /** How many requests there were, by path. */
  readonly counts = new Map<string, number>();
  private readonly changes = new Map<string, (answer: Answer) => Answer | Promise<Answer>>();

  /** Changes what is answered at a path, until {@link restore}. */
  change(path: string, change: (answer: Answer) => Answer | Promise<Answer>): void {
    this.changes.set(path, change);
  }

  restore(): void {
    this.changes.clear();
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    this.counts.set(pathname, (this.counts.get(pathname) ?? 0) + 1);
    const response = await fetch(url, init);
    const change = this.changes.get(pathname);
    if (!change) return response;
    const answer = await change((await response.json()) as Answer);
    return Response.json(answer, { status: response.status });
  };
}

/** Signs a token with what it said, and something else. What is undefined is left out. */
export async function signAnew(
  token: unknown,
  changes: Readonly<Record<string, unknown>>,
  { key, alg = 'RS256' }: { readonly key: CryptoKey | Uint8Array; readonly alg?: string },
): Promise<string> {
  const claims = { ...decodeJwt(String(token)), ...changes };
  const payload = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as JWTPayload;
  return new SignJWT(payload).setProtectedHeader({ alg, kid: 'first' }).sign(key);
}
