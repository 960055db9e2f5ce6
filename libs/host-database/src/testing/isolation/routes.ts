import { type INestApplication, RequestMethod, VERSION_NEUTRAL } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, MetadataScanner } from '@nestjs/core';

const PARAMETER = /:(\w+)/g;
const TENANT_NAME = /tenant|workspace|organi[sz]ation|account/i;

/** The `GET` routes of all controllers, with their parameters in place: `/notes/:id`. Versioned ones and patterns are left out. */
export function getRoutesOf(app: INestApplication): string[] {
  const discovery = app.get(DiscoveryService, { strict: false });
  const scanner = new MetadataScanner();
  const prefix = app.get(ApplicationConfig, { strict: false }).getGlobalPrefix();
  const routes = new Set<string>();
  for (const { instance, metatype } of discovery.getControllers()) {
    if (typeof instance !== 'object' || instance === null || !metatype) continue;
    if (isVersioned(metatype)) continue;
    const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const method = prototype[name];
      if (!method || read(method, 'method') !== RequestMethod.GET || read(method, '__sse__') === true || isVersioned(method))
        continue;
      for (const base of paths(metatype)) for (const path of paths(method)) routes.add(joined(prefix, base, path));
    }
  }
  return [...routes].filter((route) => !/[*{}()]/.test(route));
}

/** What a route may be asked with. */
interface KnownIds {
  readonly tenantIds: readonly string[];
  readonly ids: readonly string[];
}

/** Requests to all routes: what names a tenant is filled with one, what names a thing with each id. */
export function requestsFor(routes: readonly string[], { tenantIds, ids }: KnownIds): { readonly path: string }[] {
  const filled = routes.flatMap((route) => {
    const last = [...route.matchAll(PARAMETER)].at(-1)?.[1];
    if (last === undefined) return [route];
    return tenantIds.flatMap((tenantId) => {
      // The things above the last one are of the tenant, mostly the tenant itself.
      const values = TENANT_NAME.test(last) ? [tenantId] : ids;
      return values.map((value) =>
        route.replace(PARAMETER, (_, name: string) => encodeURIComponent(name === last ? value : tenantId)),
      );
    });
  });
  return [...new Set(filled)].map((path) => ({ path }));
}

function paths(target: object): string[] {
  const path = read(target, 'path') as string | string[] | undefined;
  return Array.isArray(path) ? path : [path ?? ''];
}

function isVersioned(target: object): boolean {
  const version = read(target, '__version__');
  return version !== undefined && version !== VERSION_NEUTRAL;
}

function joined(...parts: readonly string[]): string {
  return `/${parts
    .flatMap((part) => part.split('/'))
    .filter(Boolean)
    .join('/')}`;
}

function read(target: object, key: string): unknown {
  return Reflect.getMetadata(key, target) as unknown;
}
