import type { TestFaults } from '../faults/index.js';

/** A person of one tenant, as the application knows them. */
export interface ProbeVisitor {
  readonly tenantId: string;
  /**
   * What signs them in: `{ authorization: 'Bearer …' }`, a cookie. The id of their tenant in a header is tried with that of the other, and
   * a header that is nothing but the id is tried by one who is not signed in.
   */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request that a visitor makes in their own tenant. */
export interface ProbeRequest {
  /** @default 'GET' */
  readonly method?: string;
  /** With the leading slash. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** A store that the application shares between its tenants: a cache, a bucket, a search index. */
export interface ProbedStore {
  readonly name: string;
  /** All that is in it. */
  entries(): Promise<Iterable<readonly [key: string, value: unknown]>> | Iterable<readonly [key: string, value: unknown]>;
}

/** What the kit has to know of an application to look for leaks in it. */
export interface IsolationProbe {
  /** Two people who are members of one tenant each, and of different ones. */
  readonly visitors: readonly [ProbeVisitor, ProbeVisitor];
  /** Stores a text in the tenant of a visitor, in the way that the application stores what is secret: through a request, mostly. */
  readonly plant: (visitor: ProbeVisitor, canary: string) => Promise<unknown>;
  /** What a visitor may ask in their own tenant, so that some of the answers show the canary. */
  readonly requests: (visitor: ProbeVisitor) => readonly ProbeRequest[] | Promise<readonly ProbeRequest[]>;
  /**
   * The headers that say a visitor's tenant in other ways than by its id: `{ host: 'acme.example.com' }`, `{ 'x-tenant': slug }`. Sent with
   * the visitor's own requests, and with those that the other, or nobody, makes in their tenant. Nothing that signs anybody in.
   */
  readonly tenantHeaders?: (visitor: ProbeVisitor) => Readonly<Record<string, string>>;
  /** Whether anybody may be told the id of a tenant at a path: a sign-in page of the tenant, a route that says what it was asked. */
  readonly public?: (path: string) => boolean;
  /** Requests that are answered with a stream of events, open for as long as the client likes. */
  readonly streams?: (visitor: ProbeVisitor) => readonly ProbeRequest[];
  /** Whether routes are asked, too, that `requests` does not name: all `GET` routes of the controllers. @default true */
  readonly discover?: boolean;
  readonly stores?: readonly ProbedStore[];
  /** The faults of the test host, to see that nobody is served another's data where a database is away. */
  readonly faults?: TestFaults;
  /** How often both visitors ask everything at the same time. @default 10 */
  readonly rounds?: number;
}

/** How a leak was found. */
export type TenantLeakKind =
  /** The answer to a visitor's own request shows data of the other tenant. */
  | 'foreign-answer'
  /** A visitor may ask for what is the other tenant's: they are shown its data, or its id in an answer that is no refusal. */
  | 'open-door'
  /** One who is not signed in is shown data, or the tenant's id in an answer that is no refusal. */
  | 'no-door'
  /** What a visitor has sent is in the database of the other tenant, or has changed it, or the host's rows of that tenant. */
  | 'foreign-row'
  /** A job of one tenant's data belongs to no tenant, or to the other. */
  | 'job-without-tenant'
  /** An answer with data of a tenant allows shared caches to keep it. */
  | 'shared-cache-header'
  /** A shared store has data under a key that does not name the tenant. */
  | 'shared-key'
  /** A stream shows what happens in the other tenant. */
  | 'foreign-event'
  /** Where a tenant's database is away, its visitor is shown data of the other. */
  | 'foreign-fallback';

/** Data of one tenant where it must not be. */
export interface TenantLeak {
  readonly kind: TenantLeakKind;
  /** Whose data it is. */
  readonly ofTenantId: string;
  /** Where it was found: a request, a table, a job, a key. */
  readonly where: string;
}

/** What was looked at, where nothing was found. */
export interface IsolationReport {
  readonly requests: number;
  /** The routes that were asked, found in the controllers. */
  readonly routes: readonly string[];
  /** How many answers showed a visitor their own canary: the control of everything else. */
  readonly ownAnswers: number;
}
