import { type EntityManager, RequestContext } from '@mikro-orm/core';

/**
 * Runs `next` in a request context whose EntityManager is forked when it is first asked for: a fork costs more than all else that a
 * unit of work is made of, and a route that is answered from memory, or a job that calls another service, has no use for one.
 */
export function inLazyRequestContext<T>(em: EntityManager, next: () => T): T {
  // What is set for the unit of work around this one, such as the parameters of filters, holds here too.
  const outer = hasFork(em.name) ? RequestContext.getEntityManager(em.name) : undefined;
  const parent = outer ?? em;
  return RequestContext.create([], () => {
    forkOnDemand(RequestContext.currentRequestContext()!.map, parent);
    return next();
  });
}

/** Whether the current request context has been asked for an EntityManager of that name. */
export function hasFork(name: string): boolean {
  return RequestContext.currentRequestContext()?.map.has(name) ?? false;
}

function forkOnDemand(forks: Map<string, EntityManager>, parent: EntityManager): void {
  let isForking = false;
  // The map is MikroORM's; only how it answers is changed, so that RequestContext.getEntityManager() finds the fork too.
  forks.get = (name) => {
    // The fork itself asks for the current context while it is made.
    if (name === parent.name && !isForking && !forks.has(name)) {
      isForking = true;
      forks.set(name, parent.fork({ useContext: true, disableContextResolution: true }));
    }
    return Map.prototype.get.call(forks, name) as EntityManager | undefined;
  };
}
