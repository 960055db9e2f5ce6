import type { EventLog } from '../events/event-log.js';
import { LIST_PARAMS, pageOf } from '../http/lists.js';
import { resourceMissing } from '../http/refusals.js';
import type { ApiCall, Route } from '../http/router.js';

/** `/v1/events` and `/v2/core/events`, of the last 30 days. */
export function eventRoutes(log: EventLog): Route[] {
  const retrieve = ({ id }: ApiCall): object => log.retrievable().find((event) => event.id === id) ?? missing(id);
  const retrieveThin = ({ id }: ApiCall): object => log.retrievableThin().find((event) => event.id === id) ?? missing(id);

  const list = (call: ApiCall): object => {
    const { params } = call;
    const type = params.only(...LIST_PARAMS, 'type', 'types').text('type');
    const types = params.texts('types') ?? (type === undefined ? undefined : [type]);
    return pageOf(
      call,
      log.retrievable().filter((event) => types?.some((wanted) => matches(event.type, wanted)) ?? true),
    );
  };

  const listThin = ({ params }: ApiCall): object => {
    const wanted = params.only('limit', 'types', 'object_id').text('object_id');
    const data = log.retrievableThin().filter((event) => wanted === undefined || event.related_object.id === wanted);
    return { data, next_page_url: null, previous_page_url: null };
  };

  return [
    { method: 'GET', path: '/v1/events', handle: list },
    { method: 'GET', path: '/v1/events/:id', handle: retrieve },
    { method: 'GET', path: '/v2/core/events', handle: listThin },
    { method: 'GET', path: '/v2/core/events/:id', handle: retrieveThin },
  ];
}

/** `invoice.*` means all of that beginning. */
function matches(type: string, wanted: string): boolean {
  return wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
}

function missing(id: string): never {
  throw resourceMissing('event', id);
}
