import type { Params } from './params.js';

type Method = 'GET' | 'POST' | 'DELETE';

/** A request to the API, read. */
export interface ApiCall {
  readonly params: Params;
  /** What stands for `:id` in the route. */
  readonly id: string;
  readonly path: string;
}

/** One call that the API knows, and what answers it. */
export interface Route {
  readonly method: Method;
  /** `/v1/customers/:id/…`, with one id at most. */
  readonly path: string;
  /** Returns the object that is the answer. Changes are made at once or not at all. */
  readonly handle: (call: ApiCall) => object;
}

/** Finds the route of a request. */
export class Router {
  private readonly routes: readonly (Route & { readonly pattern: RegExp })[];

  constructor(routes: readonly Route[]) {
    this.routes = routes.map((route) => ({ ...route, pattern: new RegExp(`^${route.path.replace(':id', '(?<id>[^/]+)')}$`) }));
  }

  find(method: string, path: string): { readonly route: Route; readonly id: string } | undefined {
    for (const route of this.routes) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      // A fixed path such as /v1/invoices/create_preview is listed before the one with an id.
      if (match) return { route, id: decodeURIComponent(match.groups?.['id'] ?? '') };
    }
    return undefined;
  }
}
